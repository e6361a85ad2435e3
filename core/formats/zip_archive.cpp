#include "formats/zip_archive.h"

#include <sisr/error.h>

#include <zip.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace sisr {
namespace {

// Of a hundred thousand entries.
constexpr std::uint64_t kMaxDirectoryBytes = 16 << 20;
constexpr const char* kTooMany = "is a zip archive of more entries than any model has";

std::uint64_t number_at(std::string_view text, std::size_t at, std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes; i-- > 0 && at + i < text.size();) {
        value = value << 8 | static_cast<unsigned char>(text[at + i]);
    }
    return value;
}

/// Bytes that the directory has which Zip64's locator at `at` in `text` leads to; 0 where it leads
/// to none.
std::uint64_t directory_of_zip64(const InputFile& file, std::string_view text, std::size_t at) {
    constexpr std::size_t kRecordBytes = 56;
    const std::uint64_t place = number_at(text, at + 8, 8);
    if (place >= file.size()) return 0;
    const std::string record = file.read_some(static_cast<std::size_t>(place), kRecordBytes);
    return record.compare(0, 4, "PK\x06\x06") == 0 ? number_at(record, 40, 8) : 0;
}

/// Bytes of the largest directory that the file's end tells of. libzip makes objects of all entries
/// before anybody can count them, and takes whichever end it likes best.
std::uint64_t largest_directory(const InputFile& file) {
    constexpr std::size_t kLongestEnd = 20 + 22 + 65535;  // Zip64's locator, the end, its comment
    const std::size_t begin = file.size() - std::min(file.size(), kLongestEnd);
    const std::string text = file.read_some(begin, kLongestEnd);
    std::uint64_t most = 0;
    for (std::size_t at = text.find("PK"); at != std::string::npos; at = text.find("PK", at + 1)) {
        if (text.compare(at, 4, "PK\x06\x07") == 0) {
            most = std::max(most, directory_of_zip64(file, text, at));
        } else if (text.compare(at, 4, "PK\x05\x06") == 0) {
            const std::uint64_t size = number_at(text, at + 12, 4);
            // What lies behind its end is none: these bytes may also be weights.
            const bool is_possible = size + number_at(text, at + 16, 4) <= begin + at;
            if (is_possible) most = std::max(most, size);
        }
    }
    return most;
}

}  // namespace

struct ZipArchive::Handle {
    explicit Handle(zip_t* opened) : zip(opened) {}
    ~Handle() { zip_discard(zip); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    zip_t* zip;
};

ZipArchive::ZipArchive(const InputFile& file) : subject_(file.subject()) {
    if (largest_directory(file) > kMaxDirectoryBytes) fail(kTooMany);
    int code = 0;
    zip_t* zip = zip_open(subject_.c_str(), ZIP_RDONLY, &code);
    if (zip == nullptr) {
        if (code == ZIP_ER_MEMORY) {
            throw Error(ErrorKind::out_of_memory, subject_, "not enough memory");
        }
        fail("is a damaged zip archive, or is truncated");
    }
    handle_ = std::make_shared<Handle>(zip);
}

void ZipArchive::fail(const std::string& reason) const {
    throw Error(ErrorKind::bad_model, subject_, reason);
}

std::map<std::string, ZipArchive::Entry> ZipArchive::entries() const {
    std::map<std::string, Entry> found;
    constexpr zip_int64_t kMaxEntries = 200'000;
    const zip_int64_t count = zip_get_num_entries(handle_->zip, 0);
    if (count > kMaxEntries) fail(kTooMany);
    for (zip_int64_t i = 0; i < count; ++i) {
        zip_stat_t status{};
        if (zip_stat_index(handle_->zip, static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW, &status) !=
            0) {
            fail("is a damaged zip archive");
        }
        const Entry entry{static_cast<std::size_t>(i), static_cast<std::size_t>(status.size),
                          static_cast<std::size_t>(status.comp_size)};
        if (!found.emplace(status.name, entry).second) {
            fail("is a zip archive with two entries \"" + std::string(status.name) + "\"");
        }
    }
    return found;
}

void ZipArchive::read(const Entry& entry, char* target) const {
    zip_stat_t status{};
    if (zip_stat_index(handle_->zip, entry.index, ZIP_FL_ENC_RAW, &status) != 0) {
        fail("is a damaged zip archive");
    }
    if (status.encryption_method != ZIP_EM_NONE) fail("is an encrypted zip archive");
    if (status.comp_method != ZIP_CM_STORE && status.comp_method != ZIP_CM_DEFLATE) {
        fail("is a zip archive compressed in a way that models are not");
    }
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> opened(
        zip_fopen_index(handle_->zip, entry.index, 0), &zip_fclose);
    if (opened == nullptr) fail("is a damaged zip archive");
    std::size_t done = 0;
    while (done < entry.size) {
        const zip_int64_t count = zip_fread(opened.get(), target + done, entry.size - done);
        if (count <= 0) fail("is a damaged zip archive, or is truncated");
        done += static_cast<std::size_t>(count);
    }
    char more = 0;
    if (zip_fread(opened.get(), &more, 1) != 0) {  // at its end the checksum is looked at
        fail("is damaged: a checksum does not agree");
    }
}

}  // namespace sisr
