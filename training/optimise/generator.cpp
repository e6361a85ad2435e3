#include "optimise/generator.h"

#include "optimise/autocast.h"
#include "run/checkpoint.h"

namespace sisr::training {
namespace {

std::shared_ptr<TrainedNetwork> make_network(const NetworkSpec& spec,
                                             const GeneratorOptions& options) {
    torch::manual_seed(options.seed);
    return make_trained_network(spec, options.initial, options.device);
}

}  // namespace

Generator::Generator(const NetworkSpec& spec, const GeneratorOptions& options, ProcessGroup& group)
    : spec_(spec),
      network_(make_network(spec, options)),
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
