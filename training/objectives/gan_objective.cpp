#include "objectives/gan_objective.h"

#include "engine/self_ensemble.h"
#include "objectives/losses/phase.h"
#include "optimise/autocast.h"
#include "run/checkpoint.h"

#include <sisr/error.h>

#include <algorithm>
#include <cmath>

namespace sisr::training {
namespace {

// A discriminator that is nearly always right teaches nothing; one that guesses, neither.
constexpr double kAlwaysRight = 0.99;
constexpr double kGuessing = 0.02;  // from one half
constexpr int kReportsToCollapse = 5;
// Beyond these the result is no longer a picture of the input.
constexpr double kColourDrift = 2;    // 8-bit values above the start
constexpr double kInputPsnrDrop = 6;  // dB below the start
// As many pixels as the nets' strides make at their deepest layers.
constexpr std::int64_t kMostMoved = 7;

std::shared_ptr<Discriminator> make_fast_discriminator(const GanOptions& options) {
    torch::manual_seed(options.generator.seed + 1);
    auto discriminator = make_discriminator(options.discriminator, options.patch);
    use_channels_last(*discriminator);
    discriminator->to(options.generator.device);
    discriminator->train();
    return discriminator;
}

void freeze(torch::nn::Module& module, bool frozen) {
    for (auto& parameter : module.parameters()) parameter.set_requires_grad(!frozen);
}

/// The same random rows and columns cut off both images. A feature net takes every second pixel,
/// always of the same places: unmoved, the generator learns a grid that falls between them.
std::pair<torch::Tensor, torch::Tensor> moved(const torch::Tensor& a, const torch::Tensor& b) {
    const auto draw = [](std::int64_t length) {
        const std::int64_t most = std::min(kMostMoved, length / 4);
        return torch::randint(most + 1, {1}).item<std::int64_t>();
    };
    const std::int64_t rows = draw(a.size(2));
    const std::int64_t columns = draw(a.size(3));
    const auto cut = [&](const torch::Tensor& image) {
        return image.slice(2, rows).slice(3, columns).contiguous(torch::MemoryFormat::ChannelsLast);
    };
    return {cut(a), cut(b)};
}

void measure_drift(const torch::Tensor& made, const torch::Tensor& lr, Losses& losses) {
    const torch::NoGradGuard no_grad;
    const auto reduced = torch::adaptive_avg_pool2d(made, {lr.size(2), lr.size(3)});
    const double mse = torch::mse_loss(reduced, lr).item<double>();
    losses["input_psnr"] = -10 * std::log10(std::max(mse, 1e-10));
    losses["colour_drift"] =
        255 * (reduced.mean({2, 3}) - lr.mean({2, 3})).abs().mean().item<double>();
}

}  // namespace

GanObjective::GanObjective(const NetworkSpec& spec, const GanOptions& options,
                           std::shared_ptr<const PerceptualLoss> perceptual, ProcessGroup& group)
    : options_(options),
      perceptual_(std::move(perceptual)),
      generator_(spec, options.generator, group),
      discriminator_(make_fast_discriminator(options)),
      discriminator_learner_(*discriminator_, Optimizer::adam, options.generator.clip_gradient,
                             group),
      rank_(group.rank()) {}

Losses GanObjective::step(const Batch& given, double rate) {
    const auto device = options_.generator.device;
    const Batch batch{given.lr.to(device, kInBackground), given.hr.to(device, kInBackground)};
    // The noise is a function of the step and the process: a resumed run draws the same.
    torch::manual_seed((options_.generator.seed << 40) ^ (static_cast<std::uint64_t>(steps_) << 8) ^
                       static_cast<std::uint64_t>(rank_));
    Losses losses;
    generator_.learner().begin();
    discriminator_learner_.begin();
    const auto made = generator_.forward(batch.lr);
    measure_drift(made, batch.lr, losses);

    if (is_adversarial()) {
        const auto loss = discriminator_backward(batch, made, losses);
        losses["discriminator_gradient"] = discriminator_learner_.gradient(loss);
    }
    const auto generator_loss = generator_backward(batch, made, losses);
    losses["gradient"] = generator_.learner().gradient(generator_loss);
    update(rate, losses);
    ++steps_;
    return losses;
}

void GanObjective::update(double rate, const Losses& losses) {
    const bool is_good = std::isfinite(losses.at("gradient")) &&
                         (!is_adversarial() || std::isfinite(losses.at("discriminator_gradient")));
    // Both or none: neither network may learn from a step in which the other failed.
    if (!is_good) {
        discriminator_learner_.discard();
        generator_.learner().discard();
        return;
    }
    if (is_adversarial()) discriminator_learner_.update(rate * options_.discriminator_rate);
    if (!is_warming_up()) generator_.update(rate);
}

double GanObjective::noise_share() const {
    if (options_.noise_steps <= 0) return 0;
    return std::max(0.0,
                    1 - static_cast<double>(steps_) / static_cast<double>(options_.noise_steps));
}

torch::Tensor GanObjective::judge(const torch::Tensor& images) {
    const double deviation = options_.input_noise * noise_share();
    const auto seen = deviation > 0 ? images + deviation * torch::randn_like(images) : images;
    const AutocastScope autocast(options_.generator.bf16, options_.generator.device);
    return discriminator_->forward(seen).to(torch::kFloat32);
}

torch::Tensor GanObjective::discriminator_backward(const Batch& batch, const torch::Tensor& made,
                                                   Losses& losses) {
    freeze(*discriminator_, false);
    const double label = 1 - options_.label_noise * noise_share() * torch::rand({1}).item<double>();
    const auto of_real = judge(batch.hr);
    const auto of_made = judge(made.detach());
    auto loss = discriminator_loss(options_.adversarial, of_real, of_made, label);
    loss.backward();
    losses["discriminator"] = loss.item<double>();
    losses["accuracy"] = discriminator_accuracy(options_.adversarial, of_real, of_made);
    return loss;
}

torch::Tensor GanObjective::adversarial_loss(const Batch& batch, const torch::Tensor& made) {
    freeze(*discriminator_, true);
    const bool is_relativistic = options_.adversarial == AdversarialLoss::relativistic;
    const auto of_real = is_relativistic ? judge(batch.hr) : torch::Tensor();
    return generator_loss(options_.adversarial, of_real, judge(made));
}

torch::Tensor GanObjective::target(const Batch& batch) const {
    const auto orientation = static_cast<int>(steps_ % kOrientations);
    auto target = options_.teacher.target(batch.lr, batch.hr, orientation);
    // A teacher's brightness and hue may be off, and the input tells them.
    if (options_.teacher.network) target = target + wide_blur(batch.hr - target);
    return sharpened(target, options_.sharpen_truth, options_.sharpen_radius);
}

torch::Tensor GanObjective::generator_backward(const Batch& batch, const torch::Tensor& made,
                                               Losses& losses) {
    const auto truth = target(batch);
    const auto mae = torch::l1_loss(made, truth);
    torch::Tensor perceptual;
    {
        const AutocastScope autocast(options_.generator.bf16, options_.generator.device);
        const auto [moved_made, moved_truth] = moved(made, truth);
        perceptual = (*perceptual_)(moved_made, moved_truth);
    }
    auto loss = options_.perceptual_weight * perceptual + options_.mae_weight * mae;
    if (is_adversarial()) {
        const auto adversarial = adversarial_loss(batch, made);
        loss = loss + options_.adversarial_weight * adversarial;
        losses["adversarial"] = adversarial.item<double>();
    }
    if (options_.phase_weight > 0) {
        const auto phase = phase_loss(made, truth, generator_.network().scale);
        loss = loss + options_.phase_weight * phase;
        losses["phase"] = phase.item<double>();
    }
    loss.backward();
    losses["mae"] = mae.item<double>();
    losses["perceptual"] = perceptual.item<double>();
    return loss;
}

void GanObjective::complain_of_collapse(double accuracy, std::vector<std::string>& lines) {
    const bool is_collapsed = accuracy > kAlwaysRight || std::fabs(accuracy - 0.5) < kGuessing;
    reports_collapsed_ = is_collapsed ? reports_collapsed_ + 1 : 0;
    if (reports_collapsed_ != kReportsToCollapse) return;
    lines.emplace_back(accuracy > 0.5 + kGuessing
                           ? "the discriminator is nearly always right: the generator learns "
                             "nothing from it (more noise or a lower --adversarial-weight help)"
                           : "the discriminator only guesses: it has lost the game (a higher "
                             "--discriminator-rate helps)");
}

std::vector<std::string> GanObjective::complaints(const Losses& means) {
    std::vector<std::string> lines;
    if (is_adversarial()) complain_of_collapse(means.at("accuracy"), lines);
    if (first_input_psnr_ == 0) {
        first_input_psnr_ = means.at("input_psnr");
        first_colour_drift_ = means.at("colour_drift");
    }
    const auto format = [](double value) { return format_number(value, 1); };
    if (means.at("colour_drift") > first_colour_drift_ + kColourDrift) {
        lines.push_back("colours drift: " + format(means.at("colour_drift")) +
                        " 8-bit values from the input's, " + format(first_colour_drift_) +
                        " at the start");
    }
    if (means.at("input_psnr") < first_input_psnr_ - kInputPsnrDrop) {
        lines.push_back("the result leaves its input: reduced, it is at " +
                        format(means.at("input_psnr")) + " dB from it, " +
                        format(first_input_psnr_) + " dB at the start");
    }
    return lines;
}

void GanObjective::save(TensorFile& checkpoint) const {
    generator_.save(checkpoint);
    discriminator_learner_.save(checkpoint, "discriminator", "discriminator_optimizer");
    checkpoint.metadata["gan_steps"] = std::to_string(steps_);
    checkpoint.metadata["first_input_psnr"] = format_number(first_input_psnr_);
    checkpoint.metadata["first_colour_drift"] = format_number(first_colour_drift_);
}

void GanObjective::load(const TensorFile& checkpoint) {
    if (checkpoint.metadata.count("gan_steps") == 0) {
        throw Error(ErrorKind::bad_model, "checkpoint", "is of stage 1, not of stage 2");
    }
    generator_.load(checkpoint);
    freeze(*discriminator_, false);
    discriminator_learner_.load(checkpoint, "discriminator", "discriminator_optimizer");
    steps_ = checkpoint_number<std::int64_t>(checkpoint, "gan_steps");
    first_input_psnr_ = checkpoint_number<double>(checkpoint, "first_input_psnr");
    first_colour_drift_ = checkpoint_number<double>(checkpoint, "first_colour_drift");
}

}  // namespace sisr::training
