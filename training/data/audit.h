/// A look at training data before hours are spent on it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace sisr::training {

/// What one image shows. Measured on its luma, in 8-bit values; of a large one on its middle.
struct AuditedImage {
    std::filesystem::path file;
    int width = 0;
    int height = 0;
    /// Signs of the differences of neighbours among 9x8 means of areas: survives other sizes and
    /// compression.
    std::uint64_t fingerprint = 0;
    std::array<std::uint8_t, 64> thumbnail{};  ///< 8x8 means of areas, to be sure
    double blockiness = 1;  ///< mean step across the borders of 8x8 blocks, to the next largest
    double detail = 0;      ///< share of the steps' energy that halving and doubling loses
    double flat_share = 0;  ///< of 32x32 cells
};

/// `rgb`: interleaved 8-bit RGB.
AuditedImage audit_image(const std::filesystem::path& file, int width, int height,
                         const std::uint8_t* rgb);

struct AuditReport {
    using Pair = std::pair<std::filesystem::path, std::filesystem::path>;
    std::size_t images = 0;
    double megapixels = 0;
    std::vector<Pair> duplicates;              ///< within the data
    std::vector<Pair> shared_with_validation;  ///< in the data, in the validation
    std::vector<std::filesystem::path> compressed;
    std::vector<std::filesystem::path> blurred;
    double flat_share = 0;  ///< of the area of all
};

AuditReport audit(const std::vector<AuditedImage>& data,
                  const std::vector<AuditedImage>& validation);

/// A few lines for a person, the worst with an example each.
std::vector<std::string> describe(const AuditReport& report);

}  // namespace sisr::training
