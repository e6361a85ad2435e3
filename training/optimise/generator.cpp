#include "optimise/generator.h"

#include "nn/module_tensors.h"
#include "optimise/autocast.h"
#include "optimise/grow.h"
#include "run/checkpoint.h"

namespace sisr::training {
namespace {

SrResNet make_network(const SrResNetSettings& settings, const GeneratorOptions& options) {
    torch::manual_seed(options.seed);
    SrResNet network(settings);
    if (!options.initial.empty()) {
        load_tensors(*network, grow_weights(module_tensors(*network), options.initial));
    }
    network->to(options.device);
    use_channels_last(*network);
    network->train();
    return network;
}

}  // namespace

Generator::Generator(const SrResNetSettings& settings, const GeneratorOptions& options,
                     ProcessGroup& group)
    : network_(make_network(settings, options)),
      bf16_(options.bf16),
      device_(options.device),
      learner_(*network_, options.optimizer, options.clip_gradient, group),
      ema_(*network_, options.ema_decay) {}

torch::Tensor Generator::forward(const torch::Tensor& lr) {
    const AutocastScope autocast(bf16_, device_);
    return network_->forward(lr.to(device_)).to(torch::kFloat32);
}

void Generator::update(double rate) {
    learner_.update(rate);
    ema_.update(*network_);
}

void Generator::save(TensorFile& checkpoint) const {
    learner_.save(checkpoint, "generator", "optimizer");
    put_tensors(checkpoint, "ema.", ema_.tensors());
    checkpoint.metadata["ema_updates"] = std::to_string(ema_.updates());
}

void Generator::load(const TensorFile& checkpoint) {
    learner_.load(checkpoint, "generator", "optimizer");
    ema_.restore(take_tensors(checkpoint, "ema."),
                 checkpoint_number<std::int64_t>(checkpoint, "ema_updates"));
}

}  // namespace sisr::training
