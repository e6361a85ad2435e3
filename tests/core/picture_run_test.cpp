#include "engine/picture_run.h"
#include "core/nn/programs.h"
#include "nn/program_network.h"

#include "support/images.h"

#include <sisr/error.h>

namespace sisr::test {
namespace {

// In float32: sums in another order through a few dozen layers.
constexpr double kRounding = 1e-4;

/// Counts what it is asked for, and spoils a stream's rows from one on.
class Watched final : public Network {
public:
    explicit Watched(std::shared_ptr<const Network> network) : network_(std::move(network)) {}

    torch::Tensor forward(const torch::Tensor& input) const override {
        ++forwards;
        return network_->forward(input);
    }

    std::unique_ptr<NetworkStream> begin(Size picture) const override {
        return std::make_unique<Stream>(*this, network_->begin(picture));
    }

    mutable int forwards = 0;
    mutable int rows_given = 0;
    int spoilt_from = 1 << 20;  ///< row of the result

private:
    class Stream final : public NetworkStream {
    public:
        Stream(const Watched& watched, std::unique_ptr<NetworkStream> stream)
            : watched_(watched), stream_(std::move(stream)) {}
        int rows_wanted() const override { return stream_->rows_wanted(); }
        torch::Tensor advance(const torch::Tensor& rows,
                              const Network::OnShare& on_share) override {
            if (rows.defined()) watched_.rows_given += static_cast<int>(rows.size(2));
            auto made = stream_->advance(rows, on_share).clone();
            const auto end = told_ + static_cast<int>(made.size(2));
            if (end > watched_.spoilt_from) {
                made.slice(2, std::max(watched_.spoilt_from - told_, 0)).fill_(NAN);
            }
            told_ = end;
            return made;
        }

    private:
        const Watched& watched_;
        std::unique_ptr<NetworkStream> stream_;
        int told_ = 0;
    };

    std::shared_ptr<const Network> network_;
};

/// Rows must come once each, in order.
class StrictSource final : public RowSource {
public:
    explicit StrictSource(const Image& image) : rows_(image) {}
    ImageShape shape() const override { return rows_.shape(); }
    void read_rows(int y_begin, int y_end, float* out) override {
        EXPECT_EQ(y_begin, read_);
        read_ = y_end;
        rows_.read_rows(y_begin, y_end, out);
    }

private:
    ImageSource rows_;
    int read_ = 0;
};

class PictureRunTest : public ::testing::Test {
protected:
    void use(const nn::Program& program, bool locks_colour = false) {
        traits_ = nn::traits_of(program);
        watched_ = std::make_shared<Watched>(std::shared_ptr<const Network>(
            nn::make_program_network(program, torch::kCPU, torch::kFloat32)));
        runner_ = std::make_unique<TileRunner>(watched_, nullptr, traits_,
                                               TileOptions{locks_colour, false});
    }

    Image run(const Image& image, std::size_t tile_pixels, std::size_t memory = 64 << 20) const {
        NoProgress progress;
        return run(image, tile_pixels, memory, progress);
    }

    Image run(const Image& image, std::size_t tile_pixels, std::size_t memory,
              Progress& progress) const {
        RunBudget budget;
        budget.memory_bytes = memory;
        budget.strip_bytes =
            traits_.strip_bytes_per_column * static_cast<std::size_t>(image.width());
        budget.tiles.memory_bytes = std::size_t{1} << 40;
        budget.tiles.tile_pixels = tile_pixels;
        StrictSource source(image);
        ImageSink sink;
        run_picture(
            *runner_, budget, [] {}, source, sink, progress);
        return sink.take();
    }

    NetworkTraits traits_;
    std::shared_ptr<Watched> watched_;
    std::unique_ptr<TileRunner> runner_;
};

constexpr std::size_t kSomePixels = 3000;

TEST_F(PictureRunTest, AStreamEqualsTheWhole) {
    torch::manual_seed(1);
    const nn::Program programs[] = {chain(16, 4, 2), dense(8, 1, 8, false), dense(8, 1, 8, true)};
    const ImageShape shapes[] = {{45, 211, 3, false, Encoding::display},
                                 {40, 200, 3, false, Encoding::linear},
                                 {37, 167, 1, false, Encoding::display},
                                 {300, 131, 3, false, Encoding::display}};
    for (const nn::Program& program : programs) {
        for (const ImageShape& shape : shapes) {
            for (const bool locks_colour : {false, true}) {
                Image image = random_image(shape);
                for (float& sample : image.samples()) sample = 1.2F * sample - 0.1F;
                use(program, locks_colour);
                const Image expected = runner_->run(image);
                watched_->forwards = 0;
                EXPECT_LE(max_difference(run(image, kSomePixels), expected), kRounding)
                    << shape.width << "x" << shape.height;
                EXPECT_EQ(watched_->forwards, 0);
                EXPECT_EQ(watched_->rows_given, shape.height);
            }
        }
    }
}

TEST_F(PictureRunTest, WithoutMemoryForTheStripsItGoesInTiles) {
    torch::manual_seed(2);
    use(chain(16, 4, 2));
    const Image image = random_rgb(60, 200);
    const Image expected = runner_->run(image);
    watched_->forwards = 0;
    EXPECT_LE(max_difference(run(image, kSomePixels, 1 << 10), expected), kRounding);
    EXPECT_GT(watched_->forwards, 3);
    EXPECT_EQ(watched_->rows_given, 0);
}

TEST_F(PictureRunTest, TransparencyGoesInTiles) {
    torch::manual_seed(3);
    use(chain(8, 2, 2));
    const Image image = random_image({60, 200, 3, true, Encoding::display});
    const Image expected = runner_->run(image);
    EXPECT_LE(max_difference(run(image, kSomePixels), expected), kRounding);
    EXPECT_EQ(watched_->rows_given, 0);
}

TEST_F(PictureRunTest, FromRowsOnThatFailTheRestGoesInTiles) {
    torch::manual_seed(4);
    for (const bool locks_colour : {false, true}) {
        use(chain(8, 3, 2), locks_colour);
        const Image image = random_rgb(60, 260);
        const Image expected = runner_->run(image);
        for (const int row : {0, 1, 217, 300, 519}) {
            watched_->spoilt_from = row;
            watched_->forwards = 0;
            EXPECT_LE(max_difference(run(image, kSomePixels), expected), kRounding) << row;
            EXPECT_GT(watched_->forwards, 0);
        }
    }
}

TEST_F(PictureRunTest, AStreamTellsHowFarItIsAndEndsWhenAsked) {
    class Until final : public Progress {
    public:
        explicit Until(double end) : end_(end) {}
        bool report(double fraction) override {
            EXPECT_GE(fraction, last);
            last = fraction;
            return fraction < end_;
        }
        double last = 0;

    private:
        double end_;
    };
    torch::manual_seed(5);
    use(chain(8, 3, 2));
    const Image image = random_rgb(60, 2600);
    Until all(2);
    run(image, kSomePixels, 64 << 20, all);
    EXPECT_EQ(all.last, 1);
    Until half(0.5);
    try {
        run(image, kSomePixels, 64 << 20, half);
        ADD_FAILURE() << "was not cancelled";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::cancelled);
    }
    EXPECT_LT(half.last, 0.7);
}

}  // namespace
}  // namespace sisr::test
