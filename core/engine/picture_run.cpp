#include "engine/picture_run.h"

#include "engine/row_window.h"
#include "formats/torch_errors.h"

#include <sisr/error.h>

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace sisr {
namespace {

// What a run tells at most before the result is written.
constexpr double kComputed = 0.999;

// Rows of the input that are finished at once when a picture streams: fewer would mostly be the
// surroundings that finishing looks at.
constexpr int kMostRows = 128;
constexpr int kLeastRows = 16;

// Of rows of the result when they are finished: what the network made, a copy, and what the colour
// lock makes of it.
constexpr std::size_t kResultsAtOnce = 4;

/// The part of a tile's result that answers for its crop.
class CropResult {
public:
    CropResult(torch::Tensor result, const Tile& tile, int scale)
        : result_(std::move(result)),
          row_samples_(static_cast<std::size_t>(result_.size(1) * result_.size(3))),
          left_(static_cast<std::size_t>((tile.crop.x0 - tile.input.x0) * scale * result_.size(1))),
          top_((tile.crop.y0 - tile.input.y0) * scale),
          size_{tile.crop.width() * scale, tile.crop.height() * scale} {}

    const float* row(int y) const {
        return result_.data_ptr<float>() + static_cast<std::size_t>(top_ + y) * row_samples_ +
               left_;
    }

    /// Copies it to column x of the band's rows.
    void paste(Image& band, int x) const {
        const auto channels = static_cast<std::size_t>(band.channels());
        for (int y = 0; y < size_.height; ++y) {
            std::copy_n(row(y), static_cast<std::size_t>(size_.width) * channels,
                        band.row(y) + static_cast<std::size_t>(x) * channels);
        }
    }

private:
    torch::Tensor result_;
    std::size_t row_samples_;
    std::size_t left_;
    int top_;
    Size size_;
};

/// Rows of the tallest band, from `begin` to `end`.
int most_rows(const std::vector<Band>& bands, int Band::*begin, int Band::*end) {
    int most = 0;
    for (const Band& band : bands) most = std::max(most, band.*end - band.*begin);
    return most;
}

/// Rows of a stream's result that are still wanted.
class MadeRows {
public:
    void append(const torch::Tensor& rows) {
        if (rows.size(2) == 0) return;
        rows_ = rows_.defined() ? torch::cat({rows_, rows}, 2) : rows;
    }
    int end() const { return begin_ + (rows_.defined() ? static_cast<int>(rows_.size(2)) : 0); }
    void drop_above(int y) {
        rows_ = rows_.narrow(2, y - begin_, end() - y);
        begin_ = y;
    }
    torch::Tensor copy(int y0, int y1) const {
        return rows_.narrow(2, y0 - begin_, y1 - y0).clone(torch::MemoryFormat::ChannelsLast);
    }

private:
    torch::Tensor rows_;
    int begin_ = 0;
};

class PictureRun {
public:
    PictureRun(const TileRunner& network, const RunBudget& budget,
               const std::function<void()>& before_work, RowSource& source, RowSink& sink,
               Progress& progress)
        : network_(network),
          budget_(budget),
          before_work_(before_work),
          sink_(sink),
          progress_(progress),
          input_(source.shape()),
          scale_(network.scale()),
          reach_(network.reach(input_)),
          bands_(plan_tiles(input_.size(), reach_, budget.tiles)),
          window_(source, most_rows(bands_, &Band::input_y0, &Band::input_y1)) {}

    void all() {
        sink_.begin(scaled(input_.size()));
        const bool is_one_tile = bands_.size() == 1 && bands_.front().tiles.size() == 1;
        const bool may_stream = !is_one_tile && budget_.tiles.tile == 0;
        const int done = may_stream ? stream() : 0;
        for (const Band& band : bands_) {
            if (band.y1 > done) run_band(below(band, done));
        }
        sink_.finish();
        progress_.report(1);
    }

private:
    ImageShape scaled(Size size) const {
        ImageShape shape = input_;
        shape.width = size.width * scale_;
        shape.height = size.height * scale_;
        return shape;
    }

    /// share: of the picture's pixels.
    void tell(double share) {
        furthest_ = std::max(furthest_, std::min(share, kComputed));  // some may be done again
        if (!progress_.report(furthest_)) {
            throw Error(ErrorKind::cancelled, "upscaling", "cancelled");
        }
    }

    /// Of the input, that a stream finishes at once; 0: there is no memory for one.
    int rows_at_once() const {
        const std::size_t input_row = sizeof(float) * input_.row_samples();
        const std::size_t result_row =
            input_row * static_cast<std::size_t>(scale_) * static_cast<std::size_t>(scale_);
        const std::size_t row = input_row + kResultsAtOnce * result_row;
        // Rows above are kept for the case that the rest must go in tiles.
        const std::size_t fixed =
            budget_.strip_bytes + 2 * static_cast<std::size_t>(reach_) * input_row +
            2 * static_cast<std::size_t>(network_.finish_reach()) * (row - input_row);
        if (fixed >= budget_.memory_bytes) return 0;
        const std::size_t rows = (budget_.memory_bytes - fixed) / row;
        return rows < kLeastRows ? 0 : static_cast<int>(std::min<std::size_t>(rows, kMostRows));
    }

    /// Returns how many rows of the input are done: all, but where the picture cannot stream, or
    /// from the first rows on that the network's arithmetic failed for.
    int stream() {
        tell(0);
        before_work_();
        const int at_once = rows_at_once();
        const auto rows = at_once > 0 ? begin_stream() : nullptr;
        if (!rows) return 0;
        const std::string subject = "picture of " + std::to_string(input_.width) + "x" +
                                    std::to_string(input_.height) + " pixels";
        return translate_torch_errors(ErrorKind::internal, subject,
                                      [&] { return stream_through(*rows, at_once); });
    }

    int stream_through(NetworkStream& stream, int at_once) {
        const int reach = network_.finish_reach();
        MadeRows made;
        for (int y0 = 0; y0 < input_.height; y0 += at_once) {
            const int y1 = std::min(y0 + at_once, input_.height);
            const Rect around{0, std::max(y0 - reach, 0), input_.width,
                              std::min(y1 + reach, input_.height)};
            window_.advance(top_of(y0), window_.end());
            while (made.end() < around.y1 * scale_) made.append(advance(stream, y0));
            auto result = network_.finish(window_.cut(around),
                                          made.copy(around.y0 * scale_, around.y1 * scale_));
            if (!result) return y0;
            const Tile tile{{0, y0, input_.width, y1}, around};
            sink_.write_rows(y0 * scale_, y1 * scale_,
                             CropResult(std::move(*result), tile, scale_).row(0));
            made.drop_above(std::max(y1 - reach, 0) * scale_);
        }
        return input_.height;
    }

    /// None where the system has not the memory that the budget allows: tiles may do with less.
    std::unique_ptr<NetworkStream> begin_stream() const {
        try {
            return network_.begin_stream(input_);
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
    }

    /// The next rows into the stream; y0: the first row that is not finished yet.
    torch::Tensor advance(NetworkStream& stream, int y0) {
        before_work_();
        const int begin = fed_;
        fed_ += stream.rows_wanted();
        window_.advance(top_of(y0), fed_);
        torch::Tensor rows;
        if (fed_ > begin) {
            rows = network_.network_input(window_.cut({0, begin, input_.width, fed_}));
        }
        return stream.advance(rows, [this](double share) { tell(share); });
    }

    /// The first row of the input that a tile whose crop begins with row y looks at.
    int top_of(int y) const {
        const int outer = std::max(y - reach_, 0);
        return outer - outer % budget_.tiles.multiple;
    }

    /// What is left of a band below row y.
    Band below(Band band, int y) const {
        if (y <= band.y0) return band;
        band.y0 = y;
        band.input_y0 = top_of(y);
        for (Tile& tile : band.tiles) {
            tile.crop.y0 = band.y0;
            tile.input.y0 = band.input_y0;
        }
        return band;
    }

    CropResult run_tile(const Tile& tile) {
        const double all = static_cast<double>(input_.width) * input_.height;
        const double before = static_cast<double>(tile.crop.y0) * input_.width +
                              static_cast<double>(tile.crop.x0) * tile.crop.height();
        const double pixels = static_cast<double>(tile.crop.width()) * tile.crop.height();
        tell(before / all);
        before_work_();
        const auto on_share = [&](double share) { tell((before + share * pixels) / all); };
        return {network_.compute(window_.cut(tile.input), on_share), tile, scale_};
    }

    void run_band(const Band& band) {
        window_.advance(band.input_y0, band.input_y1);
        const int y0 = band.y0 * scale_;
        const int y1 = band.y1 * scale_;
        if (band.tiles.size() == 1) {  // its rows are the band's
            sink_.write_rows(y0, y1, run_tile(band.tiles.front()).row(0));
            return;
        }
        if (joined_.height() == 0) {  // once: two of them would be most of the memory
            joined_ = Image(scaled({input_.width, most_rows(bands_, &Band::y0, &Band::y1)}));
        }
        for (const Tile& tile : band.tiles) run_tile(tile).paste(joined_, tile.crop.x0 * scale_);
        sink_.write_rows(y0, y1, joined_.row(0));
    }

    const TileRunner& network_;
    const RunBudget& budget_;
    const std::function<void()>& before_work_;
    RowSink& sink_;
    Progress& progress_;
    ImageShape input_;
    int scale_;
    int reach_;
    std::vector<Band> bands_;
    RowWindow window_;
    int fed_ = 0;          ///< rows into the stream
    Image joined_;         ///< a band of several tiles
    double furthest_ = 0;  ///< that was told
};

}  // namespace

void run_picture(const TileRunner& network, const RunBudget& budget,
                 const std::function<void()>& before_work, RowSource& source, RowSink& sink,
                 Progress& progress) {
    PictureRun(network, budget, before_work, source, sink, progress).all();
}

}  // namespace sisr
