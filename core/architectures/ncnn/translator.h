/// ncnn's layers as those of a program.
#pragma once

#include "formats/ncnn_param.h"
#include "nn/program_builder.h"

#include <map>
#include <string>
#include <vector>

namespace sisr::ncnn {

class Translator {
public:
    /// builder: of the tensors that open_ncnn() names, a PReLU's called "weight" as elsewhere.
    explicit Translator(nn::ProgramBuilder& builder) : builder_(builder) {}

    /// Throws Error{bad_model} about "model", with the layer's type and name, for what a program
    /// does not know.
    nn::Value run(const std::vector<NcnnLayer>& layers);

private:
    /// Zeros round a value, which the convolution that follows adds itself.
    struct Padded {
        nn::Value value = 0;
        int top = 0, bottom = 0, left = 0, right = 0;
    };

    void translate(const NcnnLayer& layer);
    bool translate_plain(const NcnnLayer& layer);
    bool translate_of_several(const NcnnLayer& layer);
    bool translate_weighted(const NcnnLayer& layer);

    nn::Value input(const NcnnLayer& layer, std::size_t index = 0) const;
    void define(const NcnnLayer& layer, nn::Value value, std::size_t index = 0);

    void add_input(const NcnnLayer& layer);
    void add_split(const NcnnLayer& layer);
    void add_padding(const NcnnLayer& layer);
    void add_cut(const NcnnLayer& layer);
    void add_binary(const NcnnLayer& layer);
    void add_elementwise(const NcnnLayer& layer);
    nn::Value convolution(const NcnnLayer& layer);
    nn::Value fused_activation(const NcnnLayer& layer, nn::Value value);
    nn::Value unary(const NcnnLayer& layer);
    nn::Value with_constant(const NcnnLayer& layer, nn::Value value, torch::Tensor constant,
                            bool is_first);
    nn::Value batch_norm(const NcnnLayer& layer);
    nn::Value scale(const NcnnLayer& layer);
    torch::Tensor by_channel(nn::Value value, double number) const;

    nn::ProgramBuilder& builder_;
    std::map<std::string, nn::Value> values_;
    std::map<std::string, Padded> padded_;
    std::map<std::string, torch::Tensor> constants_;
};

}  // namespace sisr::ncnn
