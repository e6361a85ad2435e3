#include "nn/conv/convolve.h"

#include "nn/conv/winograd/winograd.h"

namespace sisr {
namespace {

constexpr auto kLast = torch::MemoryFormat::ChannelsLast;

/// [N,C,h,w] with channels last as [N,h,w,C], dense, without a copy.
torch::Tensor interleaved(const torch::Tensor& planes) { return planes.permute({0, 2, 3, 1}); }

torch::Tensor run(const torch::Tensor& input, const torch::Tensor& weight,
                  const torch::Tensor& bias) {
    auto output = torch::empty({input.size(0), weight.size(0), input.size(2), input.size(3)},
                               input.options().memory_format(kLast));
    const winograd::Convolution convolution(weight, bias, winograd::Then::nothing,
                                            *winograd::kernels());
    convolution.run(interleaved(input), interleaved(output));
    return output;
}

class WinogradFunction : public torch::autograd::Function<WinogradFunction> {
public:
    static torch::Tensor forward(torch::autograd::AutogradContext* context,
                                 const torch::Tensor& input, const torch::Tensor& weight,
                                 const torch::Tensor& bias) {
        context->save_for_backward({input, weight});
        return run(input, weight, bias);
    }

    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::tensor_list& gradients) {
        const auto saved = context->get_saved_variables();
        const auto& input = saved[0];
        const auto& weight = saved[1];
        const auto gradient = gradients[0].contiguous(kLast);
        torch::Tensor by_input;
        torch::Tensor by_weight;
        torch::Tensor by_bias;
        if (context->needs_input_grad(0)) {
            // The same convolution with the weight turned round.
            const auto turned = weight.flip({2, 3}).transpose(0, 1);
            by_input = run(gradient, turned, torch::zeros({weight.size(1)}));
        }
        if (context->needs_input_grad(1)) {
            by_weight = winograd::weight_gradient(interleaved(input), interleaved(gradient),
                                                  *winograd::kernels());
        }
        if (context->needs_input_grad(2)) by_bias = gradient.sum({0, 2, 3});
        return {by_input, by_weight, by_bias};
    }
};

bool is_autocast_on() {
    return !c10::impl::tls_is_dispatch_key_excluded(c10::DispatchKey::AutocastCPU);
}

/// Whether float32 on the CPU is what will be computed, from an input with channels last.
bool is_ours(const torch::Tensor& input, const torch::Tensor& weight) {
    const auto is_float = [](const torch::Tensor& tensor) {
        return tensor.is_cpu() && tensor.scalar_type() == torch::kFloat32;
    };
    return is_float(input) && is_float(weight) && !is_autocast_on() && input.is_contiguous(kLast);
}

/// A wide kernel with few outputs, as the paper's tail of 9x9 to three colours. oneDNN 2.6 makes a
/// matrix product of it, which with so few columns takes some thirty times as long as that of its
/// rows (the forward passes' times of a training step under DNNL_VERBOSE=1).
bool is_wide_with_few_outputs(const torch::Tensor& weight) {
    return weight.size(2) >= 5 && weight.size(3) == weight.size(2) && weight.size(0) < 8;
}

/// Each row of the kernel gives outputs of its own, of which the rows that lie where the kernel's
/// do are then summed.
torch::Tensor convolve_by_rows(const torch::Tensor& input, const torch::Tensor& weight,
                               const torch::Tensor& bias) {
    const std::int64_t outputs = weight.size(0);
    const std::int64_t kernel = weight.size(2);
    const auto rows =
        weight.permute({2, 0, 1, 3}).reshape({kernel * outputs, weight.size(1), 1, kernel});
    const auto each = torch::conv2d(input, rows, {}, 1, kernel / 2);
    const auto of_row = [&](std::int64_t row) {
        return each.slice(1, row * outputs, (row + 1) * outputs).slice(2, row, row + input.size(2));
    };
    auto sum = of_row(0) + (bias.defined() ? bias : torch::zeros({outputs})).view({1, -1, 1, 1});
    for (std::int64_t row = 1; row < kernel; ++row) sum += of_row(row);
    return sum;
}

}  // namespace

torch::Tensor convolve(const torch::Tensor& input, const torch::Tensor& weight,
                       const torch::Tensor& bias, std::int64_t stride, std::int64_t padding) {
    const bool keeps_size = stride == 1 && weight.size(2) == 2 * padding + 1;
    if (keeps_size && is_ours(input, weight)) {
        if (is_wide_with_few_outputs(weight)) return convolve_by_rows(input, weight, bias);
        if (winograd::Convolution::suits(weight, winograd::kernels())) {
            // libtorch 1.13 makes no function of what is not defined.
            return WinogradFunction::apply(input, weight,
                                           bias.defined() ? bias : torch::zeros({weight.size(0)}));
        }
    }
    return torch::conv2d(input, weight, bias, stride, padding);
}

}  // namespace sisr
