/// A step of stage 2 with the paper's networks (16 blocks, 64 channels, batch norm; 16 patches of
/// 96x96), without a perceptual network, in fp32 and bf16.
#include "bench/ways.h"
#include "objectives/gan_objective.h"
#include "support/models.h"

#include <cstdio>
#include <memory>

namespace {

using namespace sisr;
using namespace sisr::training;
using bench::Way;

constexpr int kRounds = 5;
constexpr int kBatch = 16;
constexpr int kPatch = 96;
constexpr int kScale = 4;
// Forward, gradient of the input, gradient of the weights.
constexpr double kFullPass = 3;
// The discriminator learns from real and made patches, and passes a gradient to the generator.
constexpr double kDiscriminatorPasses = 2 * kFullPass + 2;

/// Multiply-adds of the paper's discriminator for one patch, its strides being 1 and 2 in turn.
double discriminator_multiply_adds() {
    const auto network = make_discriminator({}, kPatch);
    double sum = 0;
    int side = kPatch;
    int layer = 0;
    for (const auto& parameter : network->parameters()) {
        if (parameter.dim() == 2) sum += static_cast<double>(parameter.numel());
        if (parameter.dim() != 4) continue;
        if (layer++ % 2 == 1) side = (side + 1) / 2;
        sum += static_cast<double>(parameter.numel()) * side * side;
    }
    return sum;
}

std::unique_ptr<GanObjective> make_objective(bool bf16, ProcessGroup& group) {
    GanOptions options;
    options.generator.bf16 = bf16;
    options.patch = kPatch;
    auto none = std::make_shared<PerceptualLoss>(std::vector<std::filesystem::path>(),
                                                 std::filesystem::path(), "", FeatureDistance::mse);
    return std::make_unique<GanObjective>(SrResNetSettings::paper(kScale), options, none, group);
}

}  // namespace

int main() {
    ProcessGroup alone;
    const auto fp32 = make_objective(false, alone);
    const auto bf16 = make_objective(true, alone);
    const auto hr =
        torch::rand({kBatch, 3, kPatch, kPatch}).contiguous(torch::MemoryFormat::ChannelsLast);
    const Batch batch{torch::avg_pool2d(hr, kScale), hr};
    const int cores = physical_cores();
    std::vector<Way> ways{{"fp32", cores, [&] { fp32->step(batch, 1e-5); }}};
    if (processor_has_bf16()) ways.push_back({"bf16", cores, [&] { bf16->step(batch, 1e-5); }});
    bench::measure(ways, kRounds);

    const auto traits = test::traits_of(SrResNetSettings::paper(kScale));
    const double lr_pixels = static_cast<double>(kPatch / kScale) * (kPatch / kScale);
    const double generator =
        kFullPass * lr_pixels * static_cast<double>(traits.multiply_adds_per_pixel);
    const double multiply_adds =
        kBatch * (generator + kDiscriminatorPasses * discriminator_multiply_adds());
    std::printf("stage 2 with the paper's networks, %d patches of %dx%d, %d threads\n", kBatch,
                kPatch, kPatch, cores);
    for (const Way& way : ways) {
        std::printf("%s  %6.3f it/s  %7.1f GFLOP/s  %5.2f times fp32\n", way.name.c_str(),
                    1 / way.median(), 2e-9 * multiply_adds / way.median(),
                    ways.front().median() / way.median());
    }
    return 0;
}
