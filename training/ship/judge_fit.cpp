#include "ship/judge_fit.h"

#include "data/patch_pair.h"

#include <sisr/error.h>
#include <sisr/metrics.h>

#include <algorithm>

namespace sisr::training {
namespace {

constexpr int kMostSteps = 300;  // of L-BFGS, which is done before

/// Descriptions [n,F] and losses [n,kinds] of all pictures, in double precision.
struct Table {
    torch::Tensor descriptions;
    torch::Tensor losses;
};

Table make_table(const std::vector<JudgedPicture>& pictures, const std::vector<InputKind>& kinds) {
    std::vector<torch::Tensor> descriptions;
    const auto count = static_cast<std::int64_t>(pictures.size());
    const auto losses =
        torch::empty({count, static_cast<std::int64_t>(kinds.size())}, torch::kFloat64);
    auto values = losses.accessor<double, 2>();
    for (std::int64_t i = 0; i < count; ++i) {
        const JudgedPicture& picture = pictures[static_cast<std::size_t>(i)];
        descriptions.push_back(picture.description);
        for (std::size_t k = 0; k < kinds.size(); ++k) {
            values[i][static_cast<std::int64_t>(k)] = picture.loss.at(judge_row(kinds[k]));
        }
    }
    return {torch::stack(descriptions).to(torch::kFloat64), losses};
}

torch::Tensor rows_of(const std::vector<InputKind>& kinds) {
    const auto rows = torch::empty({static_cast<std::int64_t>(kinds.size())}, torch::kInt64);
    for (std::size_t k = 0; k < kinds.size(); ++k) {
        rows[static_cast<std::int64_t>(k)] = judge_row(kinds[k]);
    }
    return rows;
}

/// The weights [kinds,F+1] of the layer, the last column its bias.
torch::Tensor minimise(const torch::Tensor& inputs, const torch::Tensor& losses, double decay) {
    auto weights = torch::zeros({losses.size(1), inputs.size(1)}, torch::kFloat64);
    weights.set_requires_grad(true);
    torch::optim::LBFGS optimiser(
        {weights},
        torch::optim::LBFGSOptions(1).max_iter(kMostSteps).line_search_fn("strong_wolfe"));
    optimiser.step([&] {
        optimiser.zero_grad();
        const auto shares = inputs.mm(weights.t()).softmax(1);
        const auto loss =
            (shares * losses).sum(1).mean() + decay * weights.slice(1, 0, -1).square().sum();
        loss.backward();
        return loss;
    });
    return weights.detach();
}

}  // namespace

std::vector<InputKind> kinds_of(const Model& model) {
    std::vector<InputKind> kinds{InputKind::damaged};
    for (const auto& special : model.impl().specials) kinds.push_back(special.kind);
    std::sort(kinds.begin(), kinds.end());
    return kinds;
}

const char* name_of(InputKind kind) {
    for (const SpecialFormat& format : kSpecialFormats) {
        if (format.kind == kind) return format.name;
    }
    return "damaged";
}

JudgeSampler::JudgeSampler(const Model& model, const Degradation& degradation, int size)
    : degradation_(degradation),
      size_(size),
      kinds_(kinds_of(model)),
      judge_(model, plan_execution({}, model.impl().traits)) {
    for (const InputKind kind : kinds_) {
        UpscaleOptions options;
        options.input = kind;
        if (model.info().has_strength) options.strength = 0;
        upscalers_.emplace_back(model, options);
    }
}

std::optional<JudgedPicture> JudgeSampler::sample(const PatchSource& source, Rng rng) const {
    const auto [reduced, truth] = draw_pair(source, degradation_, size_, rng);
    const auto description = judge_.describe(reduced);
    if (!description) return std::nullopt;
    std::vector<double> psnr;
    NoProgress progress;
    for (const Upscaler& upscaler : upscalers_) {
        psnr.push_back(psnr_y(truth, upscaler.run(reduced, progress), degradation_.scale()));
    }
    const double best = *std::max_element(psnr.begin(), psnr.end());
    JudgedPicture picture{*description, {}};
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
        picture.loss.at(judge_row(kinds_[k])) = best - psnr[k];
    }
    return picture;
}

Tensors fit_judge(const std::vector<JudgedPicture>& pictures, const std::vector<InputKind>& kinds,
                  double decay) {
    if (pictures.size() < 2) throw Error(ErrorKind::usage, "judge", "needs more textured pictures");
    const auto [descriptions, losses] = make_table(pictures, kinds);
    const auto mean = descriptions.mean(0);
    const auto deviation = descriptions.std(0).clamp_min(1e-6);
    const auto inputs = torch::cat({(descriptions - mean) / deviation,
                                    torch::ones({descriptions.size(0), 1}, torch::kFloat64)},
                                   1);
    const auto fitted = minimise(inputs, losses, decay);
    const auto weight = fitted.slice(1, 0, -1) / deviation;
    const auto bias = fitted.select(1, -1) - weight.mv(mean);
    Tensors judge{{"weight", torch::zeros({kJudgeRows, weight.size(1)})},
                  {"bias", torch::zeros({kJudgeRows})}};
    const auto rows = rows_of(kinds);
    judge.at("weight").index_copy_(0, rows, weight.to(torch::kFloat32));
    judge.at("bias").index_copy_(0, rows, bias.to(torch::kFloat32));
    return judge;
}

double mean_loss(const std::vector<JudgedPicture>& pictures, const std::vector<InputKind>& kinds,
                 const Tensors& judge) {
    const auto [descriptions, losses] = make_table(pictures, kinds);
    const auto rows = rows_of(kinds);
    const auto weight = judge.at("weight").index_select(0, rows).to(torch::kFloat64);
    const auto bias = judge.at("bias").index_select(0, rows).to(torch::kFloat64);
    const auto chosen = (descriptions.mm(weight.t()) + bias).argmax(1, /*keepdim=*/true);
    return losses.gather(1, chosen).mean().item<double>();
}

}  // namespace sisr::training
