#include "architectures/nearest.h"

#include "architectures/registry.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <vector>

namespace sisr {
namespace {

// Of a file's layers: with fewer a name in common says nothing.
constexpr double kLeastShare = 1.0 / 3;

struct NamedLayers {
    const char* architecture;  ///< as Architecture::name where it can be run
    std::vector<const char*> layers;
};

bool is_run(const NamedLayers& named) {
    const auto& run = architectures();
    return std::any_of(run.begin(), run.end(), [&named](const Architecture* architecture) {
        return std::string(named.architecture) == architecture->name;
    });
}

/// As the published training programs name them.
const std::vector<NamedLayers>& named_layers() {
    static const std::vector<NamedLayers> kNamed{
        {"ESRGAN (RRDBNet)",
         {"model.N", "model.N.sub.N.RDBN.convN.N", "model.N.sub.N.RDBN.convNxN", "model.N.sub.N",
          "conv_first", "RRDB_trunk.N.RDBN.convN", "trunk_conv", "upconvN", "HRconv", "conv_last",
          "body.N.rdbN.convN", "conv_body", "conv_upN", "conv_hr"}},
        {"Compact (SRVGGNetCompact)", {"body.N"}},
        {"SPAN",
         {"conv_N.conv.N", "conv_N.eval_conv", "conv_N.sk", "block_N.cN_r.conv.N",
          "block_N.cN_r.eval_conv", "block_N.cN_r.sk", "conv_cat", "upsampler.N", "no_norm"}},
        {"RealPLKSR",
         {"feats.N", "feats.N.channel_mixer.N", "feats.N.lk.conv", "feats.N.attn.f.N",
          "feats.N.refine", "feats.N.norm", "feats.N.layer_norm", "to_img.offset", "to_img.scope",
          "to_img.init_pos", "to_img.end_conv"}},
        {"PLKSR",
         {"feats.N", "feats.N.channe_mixer.N", "feats.N.lk.conv", "feats.N.attn.f.N",
          "feats.N.refine", "feats.N.lk.mn_conv", "feats.N.lk.nm_conv", "feats.N.lk.nn_conv"}},
        {"MoSR",
         {"gblocks.N", "gblocks.N.norm", "gblocks.N.fcN", "gblocks.N.conv", "shortcut.block.N",
          "shortcut.convN", "upsampler.N", "upsampler.in_to_k", "upsampler.offset",
          "upsampler.scope", "upsampler.init_pos", "upsampler.end_conv"}},
        {"EDSR",
         {"conv_first", "body.N.convN", "conv_after_body", "upsample.N", "conv_last", "sub_mean",
          "head.N", "body.N.body.N", "body.N", "tail.N.N", "tail.N", "add_mean"}},
        {"RCAN",
         {"conv_first", "body.N.residual_group.N.rcab.N",
          "body.N.residual_group.N.rcab.N.attention.N", "body.N.conv", "conv_after_body",
          "upsample.N", "conv_last", "sub_mean", "head.N", "body.N.body.N.body.N",
          "body.N.body.N.body.N.conv_du.N", "body.N.body.N", "body.N", "tail.N.N", "tail.N",
          "add_mean"}},
        {"MSRResNet", {"conv_first", "body.N.convN", "upconvN", "conv_hr", "conv_last"}},
        {"SRGAN (SRResNet)",
         {"convN.N", "trunk.N.rcb.N", "upsampling.N.upsample_block.N", "convN", "model.N",
          "model.N.sub.N.res.N", "model.N.sub.N", "blockN.N", "blockN.convN", "blockN.bnN",
          "blockN.prelu", "blockN.N.conv", "blockN.N.prelu"}},
        {"Swift-SRGAN",
         {"initial.cnn.depthwise", "initial.cnn.pointwise", "initial.act",
          "residual.N.blockN.cnn.depthwise", "residual.N.blockN.cnn.pointwise",
          "residual.N.blockN.bn", "residual.N.blockN.act", "convblock.cnn.depthwise",
          "convblock.cnn.pointwise", "convblock.bn", "convblock.act", "upsampler.N.conv.depthwise",
          "upsampler.N.conv.pointwise", "upsampler.N.act", "final_conv.depthwise",
          "final_conv.pointwise"}},
        {"DnCNN", {"model.N"}},
        {"SwinIR",
         {"conv_first", "patch_embed.norm", "layers.N.residual_group.blocks.N",
          "layers.N.residual_group.blocks.N.normN", "layers.N.residual_group.blocks.N.attn",
          "layers.N.residual_group.blocks.N.attn.qkv", "layers.N.residual_group.blocks.N.attn.proj",
          "layers.N.residual_group.blocks.N.mlp.fcN", "layers.N.conv", "layers.N.conv.N", "norm",
          "conv_after_body", "conv_before_upsample.N", "upsample.N", "conv_last", "conv_upN",
          "conv_hr"}},
        {"HAT",
         {"relative_position_index_SA",
          "conv_first",
          "patch_embed.norm",
          "layers.N.residual_group.blocks.N.normN",
          "layers.N.residual_group.blocks.N.attn",
          "layers.N.residual_group.blocks.N.attn.qkv",
          "layers.N.residual_group.blocks.N.attn.proj",
          "layers.N.residual_group.blocks.N.conv_block.cab.N",
          "layers.N.residual_group.blocks.N.conv_block.cab.N.attention.N",
          "layers.N.residual_group.blocks.N.mlp.fcN",
          "layers.N.residual_group.overlap_attn",
          "layers.N.residual_group.overlap_attn.normN",
          "layers.N.residual_group.overlap_attn.qkv",
          "layers.N.residual_group.overlap_attn.proj",
          "layers.N.residual_group.overlap_attn.mlp.fcN",
          "layers.N.conv",
          "norm",
          "conv_after_body",
          "conv_before_upsample.N",
          "upsample.N",
          "conv_last"}},
        {"DAT",
         {"conv_first", "before_RG.N", "layers.N.blocks.N.normN", "layers.N.blocks.N.attn.qkv",
          "layers.N.blocks.N.attn.proj", "layers.N.blocks.N.attn.attns.N.pos.pos_proj",
          "layers.N.blocks.N.attn.attns.N.pos.posN.N", "layers.N.blocks.N.attn.dwconv.N",
          "layers.N.blocks.N.attn.channel_interaction.N",
          "layers.N.blocks.N.attn.spatial_interaction.N", "layers.N.blocks.N.ffn.fcN",
          "layers.N.blocks.N.ffn.sg.norm", "layers.N.blocks.N.ffn.sg.conv", "layers.N.conv", "norm",
          "conv_after_body", "conv_before_upsample.N", "upsample.N", "conv_last"}},
        {"RGT",
         {"conv_first", "before_RG.N", "layers.N.blocks.N.gamma", "layers.N.blocks.N.normN",
          "layers.N.blocks.N.attn.qkv", "layers.N.blocks.N.attn.proj", "layers.N.blocks.N.attn.srN",
          "layers.N.blocks.N.mlp.fcN", "layers.N.conv", "norm", "conv_after_body",
          "conv_before_upsample.N", "upsample.N", "conv_last"}},
        {"SRFormer",
         {"conv_first", "patch_embed.norm", "layers.N.residual_group.blocks.N.normN",
          "layers.N.residual_group.blocks.N.attn", "layers.N.residual_group.blocks.N.attn.kv",
          "layers.N.residual_group.blocks.N.attn.q", "layers.N.residual_group.blocks.N.attn.proj",
          "layers.N.residual_group.blocks.N.mlp.fcN",
          "layers.N.residual_group.blocks.N.mlp.dwconv.depthwise_conv.N", "layers.N.conv", "norm",
          "conv_after_body", "conv_before_upsample.N", "upsample.N", "conv_last"}},
        {"OmniSR",
         {"residual_layer.N.residual_layer.N.layer.N.net.N",
          "residual_layer.N.residual_layer.N.layer.N.fn.to_qkv",
          "residual_layer.N.residual_layer.N.layer.N.norm",
          "residual_layer.N.residual_layer.N.layer.N.fn.project_in", "residual_layer.N.esa.convN",
          "residual_layer.N.conv", "input", "output", "up.N"}},
        {"DRCT",
         {"conv_first", "patch_embed.norm", "layers.N.swinN.normN", "layers.N.swinN.attn",
          "layers.N.swinN.attn.qkv", "layers.N.swinN.attn.proj", "layers.N.swinN.mlp.fcN",
          "layers.N.adjustN", "norm", "conv_after_body", "conv_before_upsample.N", "upsample.N",
          "conv_last"}},
        {"ATD",
         {"conv_first", "patch_embed.norm", "layers.N.residual_group.layers.N.normN",
          "layers.N.residual_group.layers.N.wqkv", "layers.N.residual_group.layers.N.attn_win",
          "layers.N.residual_group.layers.N.attn_atd", "layers.N.residual_group.layers.N.attn_aca",
          "layers.N.residual_group.layers.N.convffn.fcN", "layers.N.conv", "norm",
          "conv_after_body", "conv_before_upsample.N", "upsample.N", "conv_last"}},
        {"RealCUGAN",
         {"unetN.convN.conv.N", "unetN.convN_down", "unetN.convN_up", "unetN.conv_bottom",
          "unetN.convN.seblock.convN", "conv_final"}},
    };
    return kNamed;
}

double share_of(const std::set<std::string>& patterns, const NamedLayers& named) {
    const auto known =
        std::count_if(patterns.begin(), patterns.end(), [&named](const std::string& pattern) {
            return std::find(named.layers.begin(), named.layers.end(), pattern) !=
                   named.layers.end();
        });
    return static_cast<double>(known) / static_cast<double>(patterns.size());
}

}  // namespace

std::string layer_pattern(const std::string& name) {
    std::string layer = name;
    for (const char* end :
         {".weight", ".bias", ".running_mean", ".running_var", ".num_batches_tracked",
          ".relative_position_bias_table", ".relative_position_index", ".attn_mask"}) {
        const std::string ending = end;
        if (layer.size() > ending.size() &&
            layer.compare(layer.size() - ending.size(), ending.size(), ending) == 0) {
            layer.resize(layer.size() - ending.size());
            break;
        }
    }
    std::string pattern;
    bool was_digit = false;
    for (const char c : layer) {
        const bool is_digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
        if (!is_digit) pattern += c;
        if (is_digit && !was_digit) pattern += 'N';
        was_digit = is_digit;
    }
    return pattern;
}

std::string nearest_architecture(const Shapes& shapes) {
    std::set<std::string> patterns;
    for (const auto& [name, shape] : shapes) patterns.insert(layer_pattern(name));
    if (patterns.empty()) return {};
    const NamedLayers* nearest = nullptr;
    double share = kLeastShare;
    for (const NamedLayers& named : named_layers()) {
        const double found = share_of(patterns, named);
        if (found <= share) continue;
        nearest = &named;
        share = found;
    }
    if (nearest == nullptr) return {};
    return std::string("; nearest is ") + nearest->architecture +
           (is_run(*nearest) ? "" : ", which this version does not run") + " (" +
           std::to_string(std::lround(100 * share)) + " % of its names)";
}

}  // namespace sisr
