/// Files that are whole or not there.
#pragma once

#include <filesystem>

namespace sisr {

/// A temporary file in the target's folder, hidden, with the target's extension. commit() syncs it
/// and gives it the target's name; without that the destructor removes it.
class AtomicFile {
public:
    /// Creates the (empty) temporary file. Throws Error{io} about the target when its folder cannot
    /// be written.
    explicit AtomicFile(std::filesystem::path target);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    const std::filesystem::path& temporary_path() const { return temporary_; }

    /// The file must be closed by whoever wrote it. Throws Error{io}.
    void commit();

private:
    std::filesystem::path target_;
    std::filesystem::path temporary_;
    bool committed_ = false;
};

}  // namespace sisr
