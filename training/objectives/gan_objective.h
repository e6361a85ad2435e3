/// Stage 2: SRGAN (Ledig et al. 2017), from the weights of stage 1.
#pragma once

#include "objectives/discriminator.h"
#include "objectives/losses/adversarial.h"
#include "objectives/losses/perceptual.h"
#include "objectives/losses/sharpen.h"
#include "objectives/objective.h"
#include "objectives/teacher.h"
#include "optimise/generator.h"

namespace sisr::training {

struct GanOptions {
    GeneratorOptions generator;
    DiscriminatorSettings discriminator;
    AdversarialLoss adversarial = AdversarialLoss::bce;
    int patch = 192;  ///< width and height of the high-resolution patches
    double perceptual_weight = 1;
    double adversarial_weight = 5e-3;  ///< 0: the discriminator rests, and costs no time
    double mae_weight = 1e-2;
    double phase_weight = 0;   ///< see phase_loss
    double sharpen_truth = 0;  ///< strength for all losses but the adversarial, see sharpened
    double sharpen_radius = kSharpenSigma;  ///< its Gaussian's standard deviation, in pixels
    Teacher teacher;  ///< of the target of all losses but the adversarial, before it is sharpened
    double discriminator_rate = 1;  ///< the discriminator's learning rate, of the generator's
    /// Steps in which the discriminator alone learns, the generator being frozen.
    std::int64_t discriminator_warmup = 0;
    /// Standard deviation of noise on the discriminator's inputs, of values in [0,1], falling
    /// linearly to none at `noise_steps`.
    double input_noise = 0.05;
    /// Real labels are drawn from [1 - label_noise, 1].
    double label_noise = 0;
    std::int64_t noise_steps = 0;
};

/// The perceptual loss sees each pair less a few rows and columns, drawn for each step.
///
/// Losses: "mae", "perceptual", "adversarial", with a phase_weight "phase" (each before its
/// weight), "discriminator"; "accuracy" of the discriminator, 0 to 1; "gradient",
/// "discriminator_gradient"; and for the watch on drift "input_psnr", dB of the reduced result
/// against the input, and "colour_drift", the mean distance of their mean colours in 8-bit values.
/// Without an adversarial_weight there is none of the discriminator's.
class GanObjective final : public Objective {
public:
    GanObjective(const NetworkSpec& spec, const GanOptions& options,
                 std::shared_ptr<const PerceptualLoss> perceptual, ProcessGroup& group);

    Losses step(const Batch& given, double rate) override;
    void save(TensorFile& checkpoint) const override;
    void load(const TensorFile& checkpoint) override;
    const Tensors& averaged() const override { return generator_.averaged(); }
    const NetworkSpec& network() const override { return generator_.network(); }
    std::vector<std::string> complaints(const Losses& means) override;

private:
    /// Logits of images to which the noise of the moment is added.
    torch::Tensor judge(const torch::Tensor& images);
    torch::Tensor discriminator_backward(const Batch& batch, const torch::Tensor& made,
                                         Losses& losses);
    torch::Tensor adversarial_loss(const Batch& batch, const torch::Tensor& made);
    /// What result and truth are compared by, but for the discriminator; [N,3,sh,sw].
    torch::Tensor target(const Batch& batch) const;
    torch::Tensor generator_backward(const Batch& batch, const torch::Tensor& made, Losses& losses);
    void update(double rate, const Losses& losses);
    bool is_warming_up() const {
        return is_adversarial() && steps_ < options_.discriminator_warmup;
    }
    void complain_of_collapse(double accuracy, std::vector<std::string>& lines);
    bool is_adversarial() const { return options_.adversarial_weight > 0; }
    double noise_share() const;

    GanOptions options_;
    std::shared_ptr<const PerceptualLoss> perceptual_;
    Generator generator_;
    std::shared_ptr<Discriminator> discriminator_;
    Learner discriminator_learner_;
    int rank_;
    std::int64_t steps_ = 0;
    int reports_collapsed_ = 0;
    double first_input_psnr_ = 0;
    double first_colour_drift_ = 0;
};

}  // namespace sisr::training
