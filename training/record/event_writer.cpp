#include "record/event_writer.h"

#include "degradation/codec.h"

#include <sisr/error.h>

#include <array>
#include <chrono>
#include <cstring>
#include <system_error>
#include <unistd.h>

namespace sisr::training {
namespace {

namespace fs = std::filesystem;

/// A protobuf message on the wire. By hand: libprotobuf would bring a code generator into the build
/// for the four small messages that TensorBoard wants.
class Message {
public:
    void add_integer(int field, std::int64_t value) {
        add_key(field, kVarint);
        add_varint(static_cast<std::uint64_t>(value));
    }
    void add_double(int field, double value) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        add_key(field, kFixed64);
        add_little_endian(bits, 8);
    }
    void add_float(int field, float value) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        add_key(field, kFixed32);
        add_little_endian(bits, 4);
    }
    /// Text, bytes, or another message.
    void add_bytes(int field, const std::string& value) {
        add_key(field, kLengthDelimited);
        add_varint(value.size());
        bytes_ += value;
    }
    /// Without key: what TFRecord's framing is made of.
    void add_little_endian(std::uint64_t value, int count) {
        for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xff);
    }

    const std::string& bytes() const { return bytes_; }

private:
    enum WireType { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

    void add_key(int field, WireType type) {
        add_varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(type));
    }
    void add_varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
        bytes_ += static_cast<char>(value);
    }

    std::string bytes_;
};

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    constexpr std::uint32_t kCastagnoli = 0x82f63b78;  // bits reversed
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kCastagnoli : 0);
        table[byte] = crc;
    }
    return table;
}

/// CRC32C, rotated and shifted as TFRecord wants it: a CRC over data that holds CRCs is weak.
std::uint32_t masked_crc(const std::string& data) {
    static constexpr auto kTable = make_crc_table();
    std::uint32_t crc = 0xffffffff;
    for (const char c : data) crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xff];
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8;
}

double seconds_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
}

Message new_event() {
    Message event;
    event.add_double(1, seconds_now());
    return event;
}

std::string summary_event(std::int64_t step, const Message& value) {
    Message summary;
    summary.add_bytes(1, value.bytes());
    Message event = new_event();
    event.add_integer(2, step);
    event.add_bytes(5, summary.bytes());
    return event.bytes();
}

fs::path new_file(const fs::path& folder) {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') host = {"localhost"};
    const auto seconds = static_cast<std::int64_t>(seconds_now());
    const std::string name = "events.out.tfevents." + std::to_string(seconds) + "." + host.data();
    fs::path file = folder / name;
    std::error_code ignored;
    for (int i = 1; fs::exists(file, ignored); ++i) {
        file = folder / (name + "." + std::to_string(i));
    }
    return file;
}

}  // namespace

EventWriter::EventWriter(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        throw Error(ErrorKind::io, folder.string(), "cannot be created (" + error.message() + ")");
    }
    file_ = new_file(folder);
    stream_.open(file_, std::ios::binary);
    if (!stream_) throw Error(ErrorKind::io, file_.string(), "cannot be created");
    Message event = new_event();
    event.add_bytes(3, "brain.Event:2");
    write_record(event.bytes());
}

void EventWriter::scalar(const std::string& tag, std::int64_t step, double value) {
    Message entry;
    entry.add_bytes(1, tag);
    entry.add_float(2, static_cast<float>(value));
    write_record(summary_event(step, entry));
}

void EventWriter::image(const std::string& tag, std::int64_t step, const Image& image) {
    const auto png = encode_png(image);
    Message picture;
    picture.add_integer(1, image.height());
    picture.add_integer(2, image.width());
    picture.add_integer(3, image.channels());
    picture.add_bytes(4, std::string(png.begin(), png.end()));
    Message entry;
    entry.add_bytes(1, tag);
    entry.add_bytes(4, picture.bytes());
    write_record(summary_event(step, entry));
}

void EventWriter::flush() {
    stream_.flush();
    if (!stream_) throw Error(ErrorKind::io, file_.string(), "cannot be written");
}

void EventWriter::write_record(const std::string& data) {
    Message length;
    length.add_little_endian(data.size(), 8);
    Message length_crc;
    length_crc.add_little_endian(masked_crc(length.bytes()), 4);
    Message data_crc;
    data_crc.add_little_endian(masked_crc(data), 4);
    stream_ << length.bytes() << length_crc.bytes() << data << data_crc.bytes();
    flush();
}

}  // namespace sisr::training
