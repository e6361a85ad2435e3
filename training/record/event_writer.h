/// A run's curves and pictures as TensorBoard reads them.
#pragma once

#include <sisr/image.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace sisr::training {

/// One event file. Each record reaches the operating system before the call returns, so a killed
/// run loses nothing. Not for several threads at a time.
class EventWriter {
public:
    /// Makes `folder` if needed and events.out.tfevents.<seconds since 1970>.<host> in it; a number
    /// follows where that name is taken. Throws Error{io}.
    explicit EventWriter(const std::filesystem::path& folder);

    const std::filesystem::path& file() const { return file_; }

    /// Stored as float32, which is all the format has. Throws Error{io}.
    void scalar(const std::string& tag, std::int64_t step, double value);

    /// Stored as an 8-bit PNG. Throws Error{io}.
    void image(const std::string& tag, std::int64_t step, const Image& image);

    /// Throws Error{io} when something could not be written.
    void flush();

private:
    void write_record(const std::string& data);

    std::filesystem::path file_;
    std::ofstream stream_;
};

}  // namespace sisr::training
