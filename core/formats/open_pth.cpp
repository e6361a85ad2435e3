#include "formats/input_file.h"
#include "formats/open_model.h"
#include "formats/pickle.h"
#include "formats/zip_archive.h"

#include <sisr/error.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace sisr {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPickleBytes = 64 << 20;
constexpr std::size_t kMaxWordBytes = 100;
// Weights are noise, which no packing makes small; some zeros among them may be.
constexpr std::size_t kMostPacked = 16;
constexpr std::size_t kMaxZeros = 4 << 20;

[[noreturn]] void fail(const std::string& subject, const std::string& reason) {
    throw Error(ErrorKind::bad_model, subject, reason);
}

/// Tensors that were pickled, over storages that are found by their keys.
void add_tensors(StoredModel& model, const PickledModel& pickled,
                 const std::map<std::string, std::size_t>& storage_of_key) {
    for (const auto& [name, tensor] : pickled.tensors) {
        const auto found = storage_of_key.find(tensor.storage_key);
        if (found == storage_of_key.end()) {
            fail(model.subject, "lacks the data of tensor \"" + name + "\"");
        }
        model.tensors[name] = {pickled_type(tensor.storage_type), tensor.shape, tensor.strides,
                               tensor.offset, found->second};
    }
    check_views(model);
}

/// "archive/" of "archive/data.pkl".
std::string folder_of_archive(const std::map<std::string, ZipArchive::Entry>& entries,
                              const std::string& subject) {
    const std::string pickle = "data.pkl";
    for (const auto& item : entries) {
        const std::string& name = item.first;
        if (name == pickle) return "";
        if (name.size() > pickle.size() && name.find('/') == name.size() - pickle.size() - 1 &&
            name.compare(name.size() - pickle.size(), pickle.size(), pickle) == 0) {
            return name.substr(0, name.size() - pickle.size());
        }
    }
    fail(subject, "is a zip archive, but holds no model of PyTorch");
}

class ZipModel {
public:
    explicit ZipModel(const InputFile& file)
        : subject_(file.subject()),
          archive_(std::make_shared<ZipArchive>(file)),
          entries_(archive_->entries()),
          folder_(folder_of_archive(entries_, subject_)),
          file_bytes_(file.size()) {}

    StoredModel open() {
        if (has("byteorder") && text("byteorder", kMaxWordBytes) != "little") {
            fail(subject_, "was written on a big-endian machine");
        }
        const PickledModel pickled = unpickle_model(text("data.pkl", kMaxPickleBytes), 0, subject_);
        StoredModel model;
        model.subject = subject_;
        std::map<std::string, std::size_t> storage_of_key;
        for (const auto& item : pickled.tensors) {
            const std::string& key = item.second.storage_key;
            if (storage_of_key.count(key) != 0 || !has("data/" + key)) continue;
            storage_of_key[key] = model.storages.size();
            model.storages.push_back(bytes_of(entries_.at(folder_ + "data/" + key)));
        }
        add_tensors(model, pickled, storage_of_key);
        return model;
    }

private:
    bool has(const std::string& name) const { return entries_.count(folder_ + name) != 0; }

    std::string text(const std::string& name, std::size_t most_bytes) const {
        const ZipArchive::Entry& entry = entries_.at(folder_ + name);
        if (entry.size > most_bytes) fail(subject_, "holds a " + name + " that is too large");
        std::string content(entry.size, '\0');
        archive_->read(entry, content.data());
        return content;
    }

    /// Bounded by what the entries are packed to: a hole makes a file large and costs nothing.
    /// Where they overlap they are together more than the file.
    StoredBytes bytes_of(const ZipArchive::Entry& entry) {
        if (entry.packed > file_bytes_) {
            fail(subject_, "is a damaged zip archive, or is truncated");
        }
        packed_ += entry.packed;
        const std::size_t most = packed_ * kMostPacked + kMaxZeros;
        if (packed_ > file_bytes_ || entry.size > most || unpacked_ > most - entry.size) {
            fail(subject_, "is a zip archive that unpacks to far more than a model's weights");
        }
        unpacked_ += entry.size;
        return {entry.size,
                [archive = archive_, entry](char* target) { archive->read(entry, target); }};
    }

    std::string subject_;
    std::shared_ptr<ZipArchive> archive_;
    std::map<std::string, ZipArchive::Entry> entries_;
    std::string folder_;
    std::size_t file_bytes_;
    std::size_t packed_ = 0;  ///< of the weights so far
    std::size_t unpacked_ = 0;
};

/// What the pickles at the begin of an old file tell.
struct LegacyHead {
    PickledModel model;
    std::vector<std::string> keys;  ///< of the storages, in their order
    std::size_t data_begin = 0;
};

/// A number, known to PyTorch; the protocol's version and the machine's sizes; the model; the keys.
LegacyHead read_head(const std::string& bytes, const std::string& subject) {
    constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    constexpr std::string_view kMagicDigits = "119547037146038801333356";
    LegacyHead head;
    std::size_t position = 0;
    const std::string magic = unpickle_number(bytes, position, subject);
    if (magic != kMagic && magic != kMagicDigits) {
        fail(subject, "is a pickle, but no model file of PyTorch");
    }
    for (int i = 0; i < 2; ++i) skip_pickle(bytes, position, subject);
    head.model = unpickle_model(bytes, position, subject);
    position += head.model.bytes;
    head.keys = unpickle_texts(bytes, position, subject);
    head.data_begin = position;
    return head;
}

/// Reads no more of the file than the pickles take, or little more.
LegacyHead read_head(const InputFile& file) {
    for (std::size_t bytes = 1 << 20;; bytes *= 4) {
        try {
            return read_head(file.read_some(0, bytes), file.subject());
        } catch (const TruncatedPickle&) {
            if (bytes >= file.size() || bytes >= kMaxPickleBytes) throw;
        }
    }
}

/// The storages follow one another, each behind its count of elements.
StoredModel open_legacy(const std::shared_ptr<const InputFile>& file) {
    const LegacyHead head = read_head(*file);
    StoredModel model;
    model.subject = file->subject();
    std::map<std::string, std::size_t> storage_of_key;
    std::size_t position = head.data_begin;
    for (const std::string& key : head.keys) {
        std::uint64_t count = 0;
        if (file->size() - position < sizeof count) fail(model.subject, "is truncated");
        const std::string prefix = file->read_some(position, sizeof count);
        for (std::size_t i = sizeof count; i-- > 0;) {
            count = count << 8 | static_cast<unsigned char>(prefix[i]);
        }
        position += sizeof count;
        if (storage_of_key.count(key) != 0) fail(model.subject, "lists a storage twice");
        const auto type = head.model.storage_types.find(key);
        const std::string type_name = type == head.model.storage_types.end() ? "" : type->second;
        const std::size_t width = element_size(pickled_type(type_name));
        if (width == 0) fail(model.subject, "holds numbers of the kind \"" + type_name + "\"");
        if (count > (file->size() - position) / width) fail(model.subject, "is truncated");
        const std::size_t bytes = static_cast<std::size_t>(count) * width;
        storage_of_key[key] = model.storages.size();
        model.storages.push_back({bytes, [file, position, bytes](char* target) {
                                      file->read(position, target, bytes);
                                  }});
        position += bytes;
    }
    add_tensors(model, head.model, storage_of_key);
    return model;
}

}  // namespace

StoredModel open_pth(const fs::path& path) {
    const auto file = std::make_shared<const InputFile>(path);
    const std::string start = file->read_some(0, 512);
    const auto begins = [&start](std::string_view text, std::size_t at = 0) {
        return start.compare(at, text.size(), text) == 0;
    };
    if (begins("PK")) return ZipModel(*file).open();
    if (begins("\x80") || begins("L119547037146038801333356L")) return open_legacy(file);
    constexpr std::size_t kTarMagic = 257;
    if (start.size() > kTarMagic && begins("ustar", kTarMagic)) {
        fail(
            file->subject(),
            "is a tar archive, as PyTorch before 0.1.10 wrote them; save it anew with a later one");
    }
    fail(file->subject(), "is no model file of PyTorch");
}

}  // namespace sisr
