#include "nn/strips/run_strips.h"

#include "nn/strips/strip_run.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace sisr::nn {
namespace {

// Maps of this size, of one thread, stay in its core's cache from one layer to the next.
constexpr std::int64_t kStripBytes = 3 << 19;

// A strip of fewer is mostly overhead; Winograd's tiles have four.
constexpr std::int64_t kLeastRows = 8;
constexpr std::int64_t kTileRows = 4;

/// Of the input, for each strip.
std::int64_t choose_rows(const StripPlan& plan, std::int64_t height, std::int64_t width) {
    std::int64_t row_bytes = 1;
    std::int64_t unit = kTileRows;
    for (const Storage& storage : plan.storages) {
        const Resolution resolution = storage.resolution;
        unit = std::lcm(unit, resolution.over);
        if (resolution.times > resolution.over) continue;
        const std::int64_t bytes = storage.type == torch::kFloat32 ? 4 : 2;
        row_bytes = std::max(row_bytes,
                             width * storage.channels * bytes * resolution.times / resolution.over);
    }
    const std::int64_t most = std::max(kLeastRows, kStripBytes * at::get_num_threads() / row_bytes);
    if (height <= most) return height;
    return (most + unit - 1) / unit * unit;
}

/// Rows of a dense [h,w,C], from row `row` on.
Rows rows_of(const torch::Tensor& tensor, std::int64_t row) {
    Rows rows;
    rows.width = tensor.size(1);
    rows.channels = tensor.size(2);
    rows.pixel_step = tensor.size(2);
    rows.row_step = rows.width * rows.channels;
    rows.data = tensor.data_ptr<float>() + row * rows.row_step;
    return rows;
}

}  // namespace

struct StripNetwork::Impl {
    Impl(Program given, torch::ScalarType precision)
        : program(std::move(given)),
          plan(plan_strips(program, precision)),
          prepared(prepare_steps(program, plan)) {}

    StripRun begin(std::int64_t height, std::int64_t width, std::int64_t strip_rows) const {
        const std::int64_t rows = strip_rows > 0 ? strip_rows : choose_rows(plan, height, width);
        return {program, plan, prepared, height, width, rows};
    }

    Program program;
    StripPlan plan;
    std::vector<PreparedStep> prepared;
};

StripNetwork::StripNetwork(Program program, torch::ScalarType precision)
    : impl_(std::make_unique<const Impl>(std::move(program), precision)) {}
StripNetwork::~StripNetwork() = default;
StripNetwork::StripNetwork(StripNetwork&&) noexcept = default;

const Program& StripNetwork::program() const { return impl_->program; }

void StripNetwork::run(const torch::Tensor& input, const torch::Tensor& output,
                       const OnShare& on_share, std::int64_t strip_rows) const {
    StripRun run = impl_->begin(input.size(0), input.size(1), strip_rows);
    const auto take = [&output](Span rows) { return rows_of(output, rows.begin); };
    for (std::int64_t y = 0; !run.is_done();) {
        const std::int64_t count = run.rows_wanted();
        run.strip(rows_of(input, y), take, on_share);
        y += count;
    }
}

struct StripPicture::Impl {
    StripRun run;
    std::int64_t result_width;
    std::int64_t result_channels;
};

std::unique_ptr<StripPicture> StripNetwork::begin(std::int64_t height, std::int64_t width,
                                                  std::int64_t strip_rows) const {
    const Layer& last = program().at(program().output);
    return std::make_unique<StripPicture>(std::unique_ptr<StripPicture::Impl>(
        new StripPicture::Impl{impl_->begin(height, width, strip_rows),
                               width * last.resolution.times, last.channels}));
}

std::size_t StripNetwork::bytes(const Program& program, torch::ScalarType precision,
                                std::int64_t height, std::int64_t width) {
    const StripPlan plan = plan_strips(program, precision);
    const auto room = find_room(program, plan, height, choose_rows(plan, height, width));
    return StripBuffers(program, plan, room, width).bytes();
}

StripPicture::StripPicture(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StripPicture::~StripPicture() = default;

std::int64_t StripPicture::rows_wanted() const { return impl_->run.rows_wanted(); }

bool StripPicture::is_done() const { return impl_->run.is_done(); }

torch::Tensor StripPicture::advance(const torch::Tensor& rows,
                                    const StripNetwork::OnShare& on_share) {
    auto result = torch::empty({0, impl_->result_width, impl_->result_channels});
    const auto take = [&](Span made) {
        result = torch::empty({made.end - made.begin, result.size(1), result.size(2)});
        return rows_of(result, 0);
    };
    impl_->run.strip(rows_of(rows, 0), take, on_share);
    return result;
}

}  // namespace sisr::nn
