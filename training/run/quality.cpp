#include "run/quality.h"

#include "base/numbers.h"

#include <sisr/error.h>
#include <sisr/metrics.h>

#include <algorithm>
#include <cmath>

namespace sisr::training {
namespace {

using Figure = std::optional<double> Quality::*;

/// The figures that need not be there, with their names in the log and in a line.
struct OptionalFigure {
    Figure member;
    const char* key;
    const char* label;
    int decimals;
};

constexpr OptionalFigure kOptional[] = {
    {&Quality::distance, "feature_distance", "feature distance", 4},
    {&Quality::lpips, "lpips", "LPIPS", 4},
    {&Quality::niqe, "niqe", "NIQE", 2},
    {&Quality::grid, "grid_db", "grid (dB)", 2},
};

std::optional<double> finite(double value) {
    return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

}  // namespace

Measures load_measures(const MeasureFiles& files) {
    Measures measures;
    if (files.features.empty() && !files.linear.empty()) {
        throw Error(ErrorKind::usage, files.linear.string(),
                    "LPIPS needs SqueezeNet 1.1's weights too");
    }
    if (!files.features.empty()) {
        measures.features = std::make_shared<FeatureMetric>(files.features, files.linear);
    }
    if (!files.niqe.empty()) measures.niqe = std::make_shared<Niqe>(files.niqe);
    measures.grid = measures.features || measures.niqe;
    return measures;
}

Quality measure_quality(const Image& truth, const Image& result, int border, int period,
                        const Measures& measures) {
    Quality quality;
    quality.psnr = psnr_y(truth, result, border);
    quality.ssim = ssim_y(truth, result, border);
    if (measures.features) {
        const FeatureFigures figures = (*measures.features)(truth, result);
        quality.distance = figures.distance;
        quality.lpips = figures.lpips;
    }
    if (measures.niqe) quality.niqe = finite((*measures.niqe)(result));
    if (measures.grid && period > 1) quality.grid = finite(grid_db(result, period));
    return quality;
}

Quality mean_quality(const std::vector<Quality>& rows) {
    Quality mean;
    const auto count = static_cast<double>(rows.size());
    for (const Quality& row : rows) {
        mean.psnr += row.psnr / count;
        mean.ssim += row.ssim / count;
    }
    for (const OptionalFigure& figure : kOptional) {
        double sum = 0;
        int found = 0;
        for (const Quality& row : rows) {
            sum += (row.*figure.member).value_or(0);
            found += (row.*figure.member) ? 1 : 0;
        }
        if (found > 0) mean.*figure.member = sum / found;
    }
    return mean;
}

std::optional<double> looks_figure(const Quality& quality) {
    if (!quality.lpips || !quality.niqe || !quality.grid) return std::nullopt;
    return *quality.lpips + *quality.niqe / 100 + std::max(0.0, *quality.grid) / 100;
}

std::map<std::string, double> quality_values(const Quality& quality) {
    std::map<std::string, double> values{{"psnr_y", quality.psnr}, {"ssim_y", quality.ssim}};
    for (const OptionalFigure& figure : kOptional) {
        if (const auto value = quality.*figure.member) values[figure.key] = *value;
    }
    return values;
}

std::string describe(const Quality& quality) {
    std::string text =
        format_number(quality.psnr, 3) + " dB, SSIM " + format_number(quality.ssim, 4);
    for (const OptionalFigure& figure : kOptional) {
        if (const auto value = quality.*figure.member) {
            text += std::string(", ") + figure.label + " " + format_number(*value, figure.decimals);
        }
    }
    return text;
}

}  // namespace sisr::training
