/// The entries of a zip file. Torch-free.
#pragma once

#include "formats/input_file.h"

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace sisr {

class ZipArchive {
public:
    struct Entry {
        std::size_t index = 0;
        std::size_t size = 0;    ///< inflated, as the archive's directory says
        std::size_t packed = 0;  ///< as it lies in the file, by the directory too
    };

    /// Reads the directory. Throws Error{bad_model} about the file for what is no zip archive or a
    /// damaged one.
    explicit ZipArchive(const InputFile& file);

    /// By name. Throws Error{bad_model} where two entries have one name, and for more entries than
    /// any model has.
    std::map<std::string, Entry> entries() const;

    /// All bytes of an entry, which must be stored or deflated, and whose checksum must agree.
    /// Throws Error{bad_model} about the file. Not safe to call from several threads.
    void read(const Entry& entry, char* target) const;

private:
    struct Handle;

    [[noreturn]] void fail(const std::string& reason) const;

    std::string subject_;
    std::shared_ptr<Handle> handle_;
};

}  // namespace sisr
