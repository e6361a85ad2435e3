#include "record/event_writer.h"

#include "support/images.h"
#include "support/run_command.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace sisr::test {
namespace {

using namespace sisr::training;

std::uint64_t little_endian(const std::string& bytes, std::size_t begin, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = count; i-- > 0;) {
        value = value << 8 | static_cast<unsigned char>(bytes.at(begin + i));
    }
    return value;
}

/// CRC32C bit by bit, with TFRecord's mask.
std::uint64_t expected_crc(const std::string& bytes) {
    std::uint32_t crc = ~0U;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) {
            const bool carry = (crc & 1U) != 0;
            crc >>= 1;
            if (carry) crc ^= 0x82F63B78U;
        }
    }
    crc = ~crc;
    return ((crc >> 15 | crc << 17) + 0xA282EAD8U) & 0xFFFFFFFFU;
}

/// The data of each record. Throws when the framing or a checksum is wrong.
std::vector<std::string> read_records(const std::string& file) {
    std::vector<std::string> records;
    for (std::size_t at = 0; at < file.size();) {
        const std::uint64_t length = little_endian(file, at, 8);
        if (little_endian(file, at + 8, 4) != expected_crc(file.substr(at, 8))) {
            throw std::runtime_error("wrong checksum of a length");
        }
        const std::string data = file.substr(at + 12, length);
        if (little_endian(file, at + 12 + length, 4) != expected_crc(data)) {
            throw std::runtime_error("wrong checksum of data");
        }
        records.push_back(data);
        at += length + 16;
    }
    return records;
}

/// A protobuf message's fields by number: raw bits of numbers, bytes of the rest.
struct Fields {
    std::map<std::uint64_t, std::uint64_t> numbers;
    std::map<std::uint64_t, std::string> bytes;

    explicit Fields(const std::string& message) {
        for (std::size_t at = 0; at < message.size();) {
            const std::uint64_t key = varint(message, at);
            switch (key & 7) {
                case 0: numbers[key >> 3] = varint(message, at); break;
                case 1: numbers[key >> 3] = fixed(message, at, 8); break;
                case 5: numbers[key >> 3] = fixed(message, at, 4); break;
                case 2: {
                    const std::uint64_t length = varint(message, at);
                    bytes[key >> 3] = message.substr(at, length);
                    at += length;
                    break;
                }
                default: throw std::runtime_error("unknown wire type");
            }
        }
    }

private:
    static std::uint64_t varint(const std::string& message, std::size_t& at) {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<unsigned char>(message.at(at++));
            value |= static_cast<std::uint64_t>(byte & 127U) << shift;
            if (byte < 128) return value;
        }
        throw std::runtime_error("endless number");
    }
    static std::uint64_t fixed(const std::string& message, std::size_t& at, std::size_t count) {
        at += count;
        return little_endian(message, at - count, count);
    }
};

double as_double(std::uint64_t bits) {
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

float as_float(std::uint64_t bits) {
    const auto low = static_cast<std::uint32_t>(bits);
    float value = 0;
    std::memcpy(&value, &low, sizeof value);
    return value;
}

/// The one Summary.Value in an event.
Fields summary_value(const Fields& event) { return Fields(Fields(event.bytes.at(5)).bytes.at(1)); }

std::vector<Fields> read_events(const std::filesystem::path& file) {
    std::vector<Fields> events;
    for (const std::string& record : read_records(read_bytes(file))) events.emplace_back(record);
    return events;
}

double seconds_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
}

TEST(EventWriterTest, ChecksumIsThePublishedOne) {
    // RFC 3720: the CRC32C of "123456789" is e3069283; masked by hand.
    const std::uint32_t crc = 0xE3069283U;
    EXPECT_EQ(expected_crc("123456789"), ((crc >> 15 | crc << 17) + 0xA282EAD8U) & 0xFFFFFFFFU);
}

TEST(EventWriterTest, BeginsWithTheVersionAndKeepsScalars) {
    const TempDir folder;
    const double before = seconds_now();
    EventWriter writer(folder / "made" / "events");
    writer.scalar("loss/pixel", 1, 0.25);
    writer.scalar("rate", 300, 1e-4);
    writer.scalar("loss/pixel", 5'000'000'000, NAN);

    const std::string name = writer.file().filename().string();
    EXPECT_EQ(name.rfind("events.out.tfevents.", 0), 0U) << name;
    EXPECT_NEAR(std::stod(name.substr(20, name.find('.', 20) - 20)), before, 5);
    EXPECT_EQ(writer.file().parent_path(), folder / "made" / "events");
    const auto events = read_events(writer.file());  // the writer is still open
    ASSERT_EQ(events.size(), 4U);
    EXPECT_EQ(events[0].bytes.at(3), "brain.Event:2");
    for (const Fields& event : events) {
        EXPECT_GE(as_double(event.numbers.at(1)), before);
        EXPECT_LE(as_double(event.numbers.at(1)), seconds_now());
    }
    EXPECT_EQ(events[1].numbers.at(2), 1U);
    EXPECT_EQ(summary_value(events[1]).bytes.at(1), "loss/pixel");
    EXPECT_EQ(as_float(summary_value(events[1]).numbers.at(2)), 0.25F);
    EXPECT_EQ(events[2].numbers.at(2), 300U);
    EXPECT_EQ(summary_value(events[2]).bytes.at(1), "rate");
    EXPECT_EQ(as_float(summary_value(events[2]).numbers.at(2)), 1e-4F);
    EXPECT_EQ(events[3].numbers.at(2), 5'000'000'000U);
    EXPECT_TRUE(std::isnan(as_float(summary_value(events[3]).numbers.at(2))));
}

TEST(EventWriterTest, ImagesComeBackFromTheirPng) {
    const TempDir folder;
    EventWriter writer(folder.path());
    const Image rgb = quantised(random_rgb(40, 30));
    const Image grey = quantised(random_image({7, 9, 1, false, Encoding::display}, 2));
    writer.image("samples/0", 200, rgb);
    writer.image("samples/grey", 400, grey);

    const auto events = read_events(writer.file());
    ASSERT_EQ(events.size(), 3U);
    for (const bool is_grey : {false, true}) {
        const Image& image = is_grey ? grey : rgb;
        const Fields& event = events[is_grey ? 2 : 1];
        EXPECT_EQ(event.numbers.at(2), is_grey ? 400U : 200U);
        EXPECT_EQ(summary_value(event).bytes.at(1), is_grey ? "samples/grey" : "samples/0");
        const Fields picture(summary_value(event).bytes.at(4));
        EXPECT_EQ(picture.numbers.at(1), static_cast<std::uint64_t>(image.height()));
        EXPECT_EQ(picture.numbers.at(2), static_cast<std::uint64_t>(image.width()));
        EXPECT_EQ(picture.numbers.at(3), static_cast<std::uint64_t>(image.channels()));
        write_bytes(folder / "picture.png", picture.bytes.at(4));
        EXPECT_LT(max_difference(read_image(folder / "picture.png"), image), 1e-6);
    }
}

TEST(EventWriterTest, FlippedBitsAreDetected) {
    const TempDir folder;
    EventWriter writer(folder.path());
    writer.scalar("loss", 1, 0.5);
    const std::string whole = read_bytes(writer.file());
    ASSERT_NO_THROW(read_records(whole));
    for (std::size_t i = 0; i < whole.size(); ++i) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ 16);
        EXPECT_ANY_THROW(read_records(damaged)) << "byte " << i;
    }
}

TEST(EventWriterTest, TwoWritersInOneSecondKeepApart) {
    const TempDir folder;
    EventWriter first(folder.path());
    EventWriter second(folder.path());
    first.scalar("a", 1, 1);
    second.scalar("b", 1, 1);
    EXPECT_NE(first.file(), second.file());
    EXPECT_EQ(read_events(first.file()).size(), 2U);
    EXPECT_EQ(read_events(second.file()).size(), 2U);
}

/// Files of this process cannot grow beyond `bytes`, as on a full disk.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    void (*handler_)(int);
    rlimit before_{};
};

ErrorKind kind_of_failure(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorKind::internal;
}

TEST(EventWriterTest, WhatCannotBeWrittenIsAnIoError) {
    const TempDir folder;
    write_bytes(folder / "file", "");
    EXPECT_EQ(kind_of_failure([&] { EventWriter(folder / "file"); }), ErrorKind::io);

    EventWriter writer(folder.path());
    ErrorKind kind{};
    {
        const FileSizeLimit limit(1000);
        kind = kind_of_failure([&] {
            for (int step = 0; step < 100; ++step) writer.scalar("loss", step, 1);
        });
    }
    EXPECT_EQ(kind, ErrorKind::io);
}

TEST(EventWriterTest, TensorBoardReadsIt) {
    const std::string python = "/usr/bin/python3";
    if (!std::filesystem::exists(python) ||
        run_command({python, "-c", "import tensorboard"}).exit_code != 0) {
        GTEST_SKIP() << "TensorBoard for " << python << " is not installed";
    }
    const TempDir folder;
    EventWriter writer(folder.path());
    writer.scalar("loss", 100, 0.5);
    writer.scalar("loss", 200, 0.25);
    writer.image("sample", 200, random_rgb(24, 16));
    const std::string script = R"(
import sys
from tensorboard.backend.event_processing import event_accumulator
events = event_accumulator.EventAccumulator(sys.argv[1])
events.Reload()
print([(e.step, e.value) for e in events.Scalars("loss")])
print([(e.step, e.width, e.height) for e in events.Images("sample")])
)";
    const CommandResult result = run_command({python, "-c", script, folder.path().string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "[(100, 0.5), (200, 0.25)]\n[(200, 24, 16)]\n");
}

}  // namespace
}  // namespace sisr::test
