#include "nn/strips/prepared_step.h"

#include "nn/split_dimension.h"

namespace sisr::nn {
namespace {

std::vector<float> to_vector(const torch::Tensor& tensor) {
    if (!tensor.defined()) return {};
    const auto values = tensor.to(torch::kFloat32).contiguous();
    return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

template <class Kind>
const Kind* as(const Layer& layer) {
    return std::get_if<Kind>(&layer.operation);
}

/// The slopes of an activation by slopes, [1] or [C].
torch::Tensor slopes_of(const Activate& activate) {
    return activate.kind == Activation::relu ? torch::zeros({1}) : activate.slopes;
}

/// From PixelShuffle's order of channels (channel, row, column) to (row, column, channel).
torch::Tensor ordered(const torch::Tensor& values, std::int64_t factor) {
    const std::int64_t part = factor * factor;
    return split_dimension(values, 0, {values.size(0) / part, part}).transpose(0, 1).flatten(0, 1);
}

void order(RowConvolutionSpec& spec, std::int64_t factor) {
    spec.weight = ordered(spec.weight, factor).contiguous();
    spec.bias = ordered(spec.bias, factor).contiguous();
    if (spec.slopes.defined() && spec.slopes.numel() > 1) {
        spec.slopes = ordered(spec.slopes, factor).contiguous();
    }
}

PreparedStep prepare(const Program& program, const StripPlan& plan, const Step& step) {
    PreparedStep result;
    const Layer& layer = program.at(step.layer);
    if (const auto* const activate = as<Activate>(layer)) {
        if (activate->kind == Activation::relu || activate->slopes.defined()) {
            result.slopes = to_vector(slopes_of(*activate));
        }
    }
    if (const auto* const affine = as<Affine>(layer)) {
        result.factor = to_vector(affine->factor);
        result.offset = to_vector(affine->offset);
    }
    if (const auto* const norm = as<ChannelNorm>(layer)) {
        result.factor = to_vector(norm->weight);
        result.offset = to_vector(norm->bias);
    }
    const auto* const convolution = as<Convolution>(layer);
    if (convolution == nullptr) return result;
    RowConvolutionSpec spec;
    spec.weight = convolution->weight * step.factor;
    spec.bias = convolution->bias * step.factor;
    if (step.activation >= 0) {
        spec.slopes = slopes_of(*as<Activate>(program.at(step.activation)));
    }
    spec.adds = !step.addends.empty();
    spec.groups = convolution->groups;
    spec.dilation = convolution->dilation;
    spec.input_type = plan.type_of(layer.inputs[0]);
    spec.output_type = plan.type_of(step.result);
    if (step.shuffled_by > 0) order(spec, step.shuffled_by);
    result.convolution = make_row_convolution(spec);
    result.reach = spec.weight.size(2) / 2 * spec.dilation;
    const Resolution resolution = program.at(step.result).resolution;
    const double pixels = static_cast<double>(resolution.times) / resolution.over;
    result.work = static_cast<double>(spec.weight.numel()) * pixels * pixels;
    return result;
}

}  // namespace

std::vector<PreparedStep> prepare_steps(const Program& program, const StripPlan& plan) {
    std::vector<PreparedStep> prepared;
    for (const Step& step : plan.steps) prepared.push_back(prepare(program, plan, step));
    return prepared;
}

}  // namespace sisr::nn
