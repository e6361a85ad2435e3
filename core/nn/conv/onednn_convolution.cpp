#include "nn/conv/onednn_convolution.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <ATen/Parallel.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace sisr {
namespace {

using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;

// The tiles of one picture have at most nine shapes; beyond that the oldest ones are made again.
constexpr std::size_t kKeptShapes = 32;

const dnnl::engine& cpu() {
    static const dnnl::engine kEngine(dnnl::engine::kind::cpu, 0);
    return kEngine;
}

dnnl::memory::data_type data_type(torch::ScalarType precision) {
    return precision == torch::kBFloat16 ? dnnl::memory::data_type::bf16
                                         : dnnl::memory::data_type::f32;
}

dnnl::primitive_attr attributes() {
    dnnl::primitive_attr result;
    result.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return result;
}

using Plan = dnnl::convolution_forward::primitive_desc;

/// Held while kernels are generated: pictures that are computed side by side begin with that at the
/// same moment, and it takes milliseconds once for a shape.
std::mutex& generating() {
    static std::mutex mutex;
    return mutex;
}

Plan make_plan(const dnnl::memory::desc& input, const dnnl::memory::desc& weight,
               const dnnl::memory::desc& bias, const dnnl::memory::desc& output,
               const Dims& dilation, const Dims& pad) {
    constexpr auto kKind = dnnl::prop_kind::forward_inference;
    constexpr auto kWay = dnnl::algorithm::convolution_direct;
    const Dims stride{1, 1};
#if DNNL_VERSION_MAJOR >= 3
    return {cpu(),  kKind,  kWay,     input, weight, bias,
            output, stride, dilation, pad,   pad,    attributes()};
#else
    return {{kKind, kWay, input, weight, bias, output, stride, dilation, pad, pad},
            attributes(),
            cpu()};
#endif
}

}  // namespace

struct OnednnConvolution::Impl {
    /// What a shape needs.
    struct Shape {
        Dims input;         ///< rows, columns
        std::int64_t rows;  ///< of the output
        int threads;        ///< for which oneDNN divides the work when the plan is made
        Plan plan;
        dnnl::convolution_forward primitive;
        dnnl::memory weight;
    };

    Impl(const torch::Tensor& given_weight, const torch::Tensor& given_bias,
         torch::ScalarType scalar_type, int given_groups, int given_dilation)
        : weight(given_weight.to(torch::kFloat32).contiguous()),
          bias(given_bias.to(torch::kFloat32).contiguous()),
          precision(data_type(scalar_type)),
          groups(given_groups),
          dilation(given_dilation) {}

    Shape shape_for(const Dims& input, std::int64_t rows);
    Shape make_shape(const Dims& input, std::int64_t rows, int threads) const;
    /// [O,C,kh,kw], or with the groups apart.
    Dims weight_dims() const;
    std::int64_t reach(int side) const { return weight.size(2 + side) / 2 * dilation; }
    /// The weights as the plan wants them, shared with another shape that wants the same.
    dnnl::memory weights_for(const Plan& plan) const;

    torch::Tensor weight;
    torch::Tensor bias;
    dnnl::memory::data_type precision;
    int groups, dilation;
    std::vector<Shape> shapes;
    std::mutex mutex;
};

OnednnConvolution::Impl::Shape OnednnConvolution::Impl::shape_for(const Dims& input,
                                                                  std::int64_t rows) {
    const int threads = at::get_num_threads();
    const std::lock_guard lock(mutex);
    const auto found = std::find_if(shapes.begin(), shapes.end(), [&](const Shape& shape) {
        return shape.input == input && shape.rows == rows && shape.threads == threads;
    });
    if (found != shapes.end()) return *found;
    if (shapes.size() == kKeptShapes) shapes.erase(shapes.begin());
    shapes.push_back(make_shape(input, rows, threads));
    return shapes.back();
}

OnednnConvolution::Impl::Shape OnednnConvolution::Impl::make_shape(const Dims& input,
                                                                   std::int64_t rows,
                                                                   int threads) const {
    const std::lock_guard lock(generating());
    const Dims pad{(rows + 2 * reach(0) - input[0]) / 2, reach(1)};
    const Dims between{dilation - 1, dilation - 1};
    const Dims given{1, weight.size(1) * groups, input[0], input[1]};
    const Plan plan =
        make_plan({given, precision, Tag::nhwc}, {weight_dims(), precision, Tag::any},
                  {{weight.size(0)}, dnnl::memory::data_type::f32, Tag::x},
                  {{1, weight.size(0), rows, input[1]}, precision, Tag::nhwc}, between, pad);
    return {input, rows, threads, plan, dnnl::convolution_forward(plan), weights_for(plan)};
}

Dims OnednnConvolution::Impl::weight_dims() const {
    Dims dims = weight.sizes().vec();
    if (groups == 1) return dims;
    dims[0] /= groups;
    dims.insert(dims.begin(), groups);
    return dims;
}

dnnl::memory OnednnConvolution::Impl::weights_for(const Plan& plan) const {
    const dnnl::memory::desc wanted = plan.weights_desc();
    for (const Shape& shape : shapes) {
        if (shape.weight.get_desc() == wanted) return shape.weight;
    }
    const dnnl::memory::desc plain(weight_dims(), dnnl::memory::data_type::f32,
                                   groups == 1 ? Tag::oihw : Tag::goihw);
    dnnl::memory given(plain, cpu(), weight.data_ptr());
    dnnl::memory ordered(wanted, cpu());
    dnnl::stream stream(cpu());
    dnnl::reorder(given, ordered).execute(stream, given, ordered);
    stream.wait();
    return ordered;
}

OnednnConvolution::OnednnConvolution(const torch::Tensor& weight, const torch::Tensor& bias,
                                     torch::ScalarType precision, int groups, int dilation)
    : impl_(std::make_unique<Impl>(weight, bias, precision, groups, dilation)) {}
OnednnConvolution::~OnednnConvolution() = default;
OnednnConvolution::OnednnConvolution(OnednnConvolution&&) noexcept = default;
OnednnConvolution& OnednnConvolution::operator=(OnednnConvolution&&) noexcept = default;

void OnednnConvolution::run(const torch::Tensor& input, const torch::Tensor& output) const {
    // A copy of handles: another thread may drop the shape meanwhile.
    const Impl::Shape shape = impl_->shape_for({input.size(0), input.size(1)}, output.size(0));
    const auto scratch_bytes = static_cast<std::int64_t>(shape.plan.scratchpad_desc().get_size());
    const auto scratch = torch::empty({scratch_bytes}, torch::kUInt8);
    const auto memory = [](const dnnl::memory::desc& desc, const torch::Tensor& tensor) {
        return dnnl::memory(desc, cpu(), tensor.data_ptr());
    };
    dnnl::stream stream(cpu());
    shape.primitive.execute(stream,
                            {{DNNL_ARG_SRC, memory(shape.plan.src_desc(), input)},
                             {DNNL_ARG_WEIGHTS, shape.weight},
                             {DNNL_ARG_BIAS, memory(shape.plan.bias_desc(), impl_->bias)},
                             {DNNL_ARG_DST, memory(shape.plan.dst_desc(), output)},
                             {DNNL_ARG_SCRATCHPAD, memory(shape.plan.scratchpad_desc(), scratch)}});
    stream.wait();
}

}  // namespace sisr
