/// The figures that a result is measured by.
#pragma once

#include "objectives/losses/perceptual.h"
#include "run/looks.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sisr::training {

struct Quality {
    double psnr = 0;  ///< dB, luma
    double ssim = 0;
    std::optional<double> distance;  ///< feature distance, unweighted
    std::optional<double> lpips;
    std::optional<double> niqe;
    std::optional<double> grid;  ///< dB, see grid_db
};

/// What to measure by besides PSNR and SSIM; each may be null or off.
struct Measures {
    std::shared_ptr<const FeatureMetric> features;  ///< gives the distance and maybe LPIPS
    std::shared_ptr<const Niqe> niqe;
    bool grid = false;
};

/// Files of weights; empty: not measured by.
struct MeasureFiles {
    std::filesystem::path features;  ///< SqueezeNet 1.1
    std::filesystem::path linear;    ///< LPIPS' linear layers; need the features
    std::filesystem::path niqe;      ///< see Niqe
};

/// The grid is measured with whichever of the others is. Throws as FeatureMetric and Niqe do, and
/// Error{usage} for linear layers without a network.
Measures load_measures(const MeasureFiles& files);

/// `border` pixels are cut for PSNR and SSIM; `period`: of the grid, the scale of the enlargement.
/// NIQE and grid are left out of images that are too small for them, the grid at period 1.
Quality measure_quality(const Image& truth, const Image& result, int border, int period,
                        const Measures& measures);

/// Each figure over the images that have it.
Quality mean_quality(const std::vector<Quality>& rows);

/// Looks and nearness in one figure, lower is better: LPIPS + NIQE / 100 + max(0, grid) / 100, so
/// that a visible weave outweighs what it gains in LPIPS. None unless all three are there.
std::optional<double> looks_figure(const Quality& quality);

/// As the log and the events name them.
std::map<std::string, double> quality_values(const Quality& quality);

/// "31.785 dB, SSIM 0.8911, LPIPS ...": what there is, in a line.
std::string describe(const Quality& quality);

}  // namespace sisr::training
