/// The transformer layer of ATD: pixels attend to a dictionary of tokens that each layer refines,
/// to the pixels of their window, and to those of the whole picture that are of the same category,
/// which is the token that they are most alike.
#pragma once

#include "nn/program.h"

#include <vector>

namespace sisr {

struct DictionaryLayer {
    int window = 16;
    int shift = 0;
    int heads = 6;
    int category = 256;       ///< pixels of a category that attend to each other
    double alike_scale = 10;  ///< of their scores
    bool is_last = false;     ///< of its group: refines no tokens
};

/// Layers one after another on a map [N,h,w,C], whose sides are multiples of the window. Weights:
/// "dictionary" [tokens, C], and of layer i, behind "i.": norm1, norm2, wqkv, bias (as of
/// nn::attention::relative_bias()), attn_win.proj, attn_aca.proj, attn_atd.wq, .wk, .wv and .scale
/// [tokens] (by which scores are multiplied), fc1, depthwise, fc2; but for the last one norm3 and
/// keep [tokens, 1] (how much of a token stays).
torch::Tensor run_dictionary_layers(const torch::Tensor& map, const nn::Custom::Weights& weights,
                                    const std::vector<DictionaryLayer>& layers);

}  // namespace sisr
