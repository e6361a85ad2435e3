/// A file with attributes and layouts that write_image() does not make.
#pragma once

#include <OpenImageIO/imageio.h>

#include <filesystem>
#include <gtest/gtest.h>
#include <vector>

namespace sisr::test {

/// `samples`: interleaved, in [0,1], as many as `spec` has.
inline void write_with_spec(const std::filesystem::path& file, const OIIO::ImageSpec& spec,
                            const std::vector<float>& samples) {
    ASSERT_EQ(samples.size(), spec.image_pixels() * static_cast<std::size_t>(spec.nchannels));
    const auto output = OIIO::ImageOutput::create(file.string());
    ASSERT_TRUE(output && output->open(file.string(), spec)) << OIIO::geterror();
    ASSERT_TRUE(output->write_image(OIIO::TypeDesc::FLOAT, samples.data())) << output->geterror();
    ASSERT_TRUE(output->close()) << output->geterror();
}

}  // namespace sisr::test
