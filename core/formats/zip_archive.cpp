#include "formats/zip_archive.h"

#include <sisr/error.h>

#include <zip.h>

namespace sisr {

struct ZipArchive::Handle {
    explicit Handle(zip_t* opened) : zip(opened) {}
    ~Handle() { zip_discard(zip); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    zip_t* zip;
};

ZipArchive::ZipArchive(const std::filesystem::path& file) : subject_(file.string()) {
    int code = 0;
    zip_t* zip = zip_open(file.c_str(), ZIP_RDONLY, &code);
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
    if (count > kMaxEntries) fail("is a zip archive of more entries than any model has");
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
