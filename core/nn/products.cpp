#include "nn/products.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <unordered_map>

namespace sisr::nn {
namespace {

using Dims = dnnl::memory::dims;
using Desc = dnnl::memory::desc;
using Arguments = std::unordered_map<int, dnnl::memory>;

constexpr auto kFloat = dnnl::memory::data_type::f32;
constexpr auto kForward = dnnl::prop_kind::forward_inference;
constexpr auto kGelu = dnnl::algorithm::eltwise_gelu_erf;

const dnnl::engine& cpu() {
    static const dnnl::engine kEngine(dnnl::engine::kind::cpu, 0);
    return kEngine;
}

bool is_ours(std::initializer_list<torch::Tensor> tensors) {
    for (const auto& tensor : tensors) {
        if (!tensor.defined()) continue;
        const bool is_recorded = torch::GradMode::is_enabled() && tensor.requires_grad();
        const bool is_plain = tensor.is_cpu() && tensor.scalar_type() == torch::kFloat32;
        if (!is_plain || is_recorded || tensor.numel() == 0) return false;
    }
    return true;
}

Desc desc_of(const torch::Tensor& tensor) {
    auto strides = tensor.strides().vec();
    for (auto& stride : strides) stride = std::max<std::int64_t>(stride, 1);  // of one element
    return {tensor.sizes().vec(), kFloat, strides};
}

/// Such that oneDNN reads it where it lies: no element twice, and rows or columns that are dense.
torch::Tensor readable(const torch::Tensor& matrices) {
    const std::int64_t axes = matrices.dim();
    bool is_so = matrices.stride(axes - 1) == 1 || matrices.stride(axes - 2) == 1;
    for (std::int64_t axis = 0; axis < axes; ++axis) {
        is_so = is_so && (matrices.stride(axis) > 0 || matrices.size(axis) == 1);
    }
    return is_so ? matrices : matrices.contiguous();
}

/// Primitives are made anew at each call: oneDNN keeps the last thousand by what they do.
void execute(const dnnl::primitive& primitive, const Arguments& arguments) {
    dnnl::stream stream(cpu());
    primitive.execute(stream, arguments);
    stream.wait();
}

dnnl::memory memory(const Desc& desc, const torch::Tensor& tensor) {
    return {desc, cpu(), tensor.data_ptr()};
}

dnnl::matmul::primitive_desc plan(const Desc& a, const Desc& b, const Desc& bias, const Desc& made,
                                  After after) {
    dnnl::primitive_attr attributes;
    if (after == After::gelu) {
        dnnl::post_ops then;
#if DNNL_VERSION_MAJOR >= 3
        then.append_eltwise(kGelu, 0, 0);
#else
        then.append_eltwise(1, kGelu, 0, 0);
#endif
        attributes.set_post_ops(then);
    }
#if DNNL_VERSION_MAJOR >= 3
    return {cpu(), a, b, bias, made, attributes};
#else
    return {{a, b, bias, made}, attributes, cpu()};
#endif
}

/// a b + bias to `made`; whether oneDNN has code for it that is not for reference alone.
bool multiply(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& bias,
              const torch::Tensor& made, After after) {
    const Desc row =
        bias.defined() ? Desc({1, bias.size(0)}, kFloat, Dims{bias.size(0), 1}) : Desc();
    const auto planned = plan(desc_of(a), desc_of(b), row, desc_of(made), after);
    if (std::strncmp(planned.impl_info_str(), "ref", 3) == 0) return false;
    Arguments arguments{{DNNL_ARG_SRC, memory(planned.src_desc(), a)},
                        {DNNL_ARG_WEIGHTS, memory(planned.weights_desc(), b)},
                        {DNNL_ARG_DST, memory(planned.dst_desc(), made)}};
    if (bias.defined()) arguments[DNNL_ARG_BIAS] = memory(row, bias);
    execute(dnnl::matmul(planned), arguments);
    return true;
}

/// [..., I] as rows, without a copy where that can be.
torch::Tensor rows_of(const torch::Tensor& x) { return x.reshape({-1, x.size(-1)}); }

torch::Tensor by_libtorch(const torch::Tensor& x, const torch::Tensor& weight,
                          const torch::Tensor& bias, After after) {
    auto made = torch::nn::functional::linear(x, weight, bias);
    return after == After::gelu ? torch::gelu(made) : made;
}

}  // namespace

void linear_into(const torch::Tensor& made, const torch::Tensor& x, const torch::Tensor& weight,
                 const torch::Tensor& bias, After after) {
    if (is_ours({made, x, weight, bias})) {
        const auto rows = made.view({-1, made.size(-1)});
        const auto dense = bias.defined() ? bias.contiguous() : bias;
        if (multiply(readable(rows_of(x)), weight.contiguous().t(), dense, rows, after)) return;
    }
    made.copy_(by_libtorch(x, weight, bias, after));
}

torch::Tensor linear(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                     After after) {
    if (!is_ours({x, weight, bias})) return by_libtorch(x, weight, bias, after);
    auto sizes = x.sizes().vec();
    sizes.back() = weight.size(0);
    auto made = torch::empty(sizes, x.options());
    linear_into(made, x, weight, bias, after);
    return made;
}

torch::Tensor product(const torch::Tensor& a, const torch::Tensor& b) {
    if (is_ours({a, b})) {
        const auto made = torch::empty({a.size(0), a.size(1), a.size(2), b.size(3)}, a.options());
        if (multiply(readable(a), readable(b), {}, made, After::nothing)) return made;
    }
    return torch::matmul(a, b);
}

void softmax_in_place(torch::Tensor& scores) {
    if (!is_ours({scores}) || !scores.is_contiguous()) {
        scores = scores.softmax(-1);
        return;
    }
    const Desc desc({scores.numel() / scores.size(-1), scores.size(-1)}, kFloat,
                    Dims{scores.size(-1), 1});
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::softmax_forward::primitive_desc planned(
        cpu(), kForward, dnnl::algorithm::softmax_accurate, desc, desc, 1);
#else
    const dnnl::softmax_forward::primitive_desc planned({kForward, desc, 1}, cpu());
#endif
    const auto place = memory(desc, scores);
    execute(dnnl::softmax_forward(planned), {{DNNL_ARG_SRC, place}, {DNNL_ARG_DST, place}});
}

torch::Tensor gelu(const torch::Tensor& x) {
    if (!is_ours({x}) || !x.is_non_overlapping_and_dense()) return torch::gelu(x);
    auto made = torch::empty_like(x);  // of the same strides
    const Desc desc({x.numel()}, kFloat, Dims{1});
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::eltwise_forward::primitive_desc planned(cpu(), kForward, kGelu, desc, desc, 0, 0);
#else
    const dnnl::eltwise_forward::primitive_desc planned({kForward, kGelu, desc, 0, 0}, cpu());
#endif
    execute(dnnl::eltwise_forward(planned),
            {{DNNL_ARG_SRC, memory(desc, x)}, {DNNL_ARG_DST, memory(desc, made)}});
    return made;
}

}  // namespace sisr::nn
