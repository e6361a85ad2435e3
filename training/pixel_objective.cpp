#include "pixel_objective.h"

#include "autocast.h"
#include "checkpoint.h"
#include "model/module_tensors.h"

#include <sisr/error.h>

#include <algorithm>
#include <cmath>

namespace sisr::training {
namespace {

SrResNet make_generator(const SrResNetSettings& settings, const PixelOptions& options) {
    torch::manual_seed(options.seed);
    SrResNet generator(settings);
    if (!options.initial.empty()) {
        Tensors tensors = module_tensors(*generator);
        for (auto& [name, tensor] : tensors) {
            const auto found = options.initial.find(name);
            const bool fits =
                found != options.initial.end() && found->second.sizes() == tensor.sizes();
            tensor = fits ? found->second : tensor.detach().clone();
        }
        load_tensors(*generator, tensors);
    }
    for (auto& parameter : generator->parameters()) {
        if (parameter.dim() == 4) {
            parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
        }
    }
    return generator;
}

}  // namespace

bool is_finite(const Losses& losses) {
    return std::all_of(losses.begin(), losses.end(),
                       [](const auto& item) { return std::isfinite(item.second); });
}

PixelObjective::PixelObjective(const SrResNetSettings& settings, const PixelOptions& options)
    : options_(options),
      generator_(make_generator(settings, options)),
      optimizer_(generator_->parameters(), torch::optim::AdamOptions().betas({0.9, 0.99})),
      ema_(*generator_, options.ema_decay) {
    generator_->train();
}

Losses PixelObjective::step(const Batch& batch, double rate) {
    torch::Tensor output;
    {
        const AutocastScope autocast(options_.bf16);
        output = generator_->forward(batch.lr);
    }
    const auto loss = torch::l1_loss(output.to(torch::kFloat32), batch.hr);
    optimizer_.zero_grad();
    loss.backward();
    const double limit =
        options_.clip_gradient > 0 ? options_.clip_gradient : std::numeric_limits<double>::max();
    const double norm = torch::nn::utils::clip_grad_norm_(generator_->parameters(), limit);
    const Losses losses{{"mae", loss.item<double>()}, {"gradient", norm}};
    if (!is_finite(losses)) return losses;

    for (auto& group : optimizer_.param_groups()) group.options().set_lr(rate);
    optimizer_.step();
    ema_.update(*generator_);
    return losses;
}

void PixelObjective::save(TensorFile& checkpoint) const {
    put_tensors(checkpoint, "generator.", module_tensors(*generator_));
    put_tensors(checkpoint, "ema.", ema_.tensors());
    put_optimizer(checkpoint, "optimizer", optimizer_);
    checkpoint.metadata["ema_updates"] = std::to_string(ema_.updates());
}

void PixelObjective::load(const TensorFile& checkpoint) {
    load_tensors(*generator_, take_tensors(checkpoint, "generator."));
    ema_.restore(take_tensors(checkpoint, "ema."),
                 std::stoll(checkpoint.metadata.at("ema_updates")));
    take_optimizer(checkpoint, "optimizer", optimizer_);
}

}  // namespace sisr::training
