/// A local program, a few rows at a time from top to bottom: each row of each layer is computed
/// once and kept as long as rows below need it. The result is the whole picture's, in memory that
/// grows with the width alone, whatever the network's radius.
#pragma once

#include "nn/program.h"

#include <cstddef>
#include <functional>
#include <memory>

namespace sisr::nn {

class StripPicture;

class StripNetwork {
public:
    /// The program is local; precision: float32 or bfloat16, of the layers' values (sums of
    /// products are float32 in either). Weights are copied.
    StripNetwork(Program program, torch::ScalarType precision);
    ~StripNetwork();
    StripNetwork(StripNetwork&&) noexcept;

    using OnShare = std::function<void(double share)>;

    /// input [h,w,C] float32, sizes multiples of the program's alignment, to output
    /// [scale*h,scale*w,C'] float32, both dense. on_share is told from 0 to 1 how much is done;
    /// what it throws ends the run. strip_rows: of the input, 0: as suits the caches. Safe to call
    /// from several threads.
    void run(
        const torch::Tensor& input, const torch::Tensor& output,
        const OnShare& on_share = [](double) {}, std::int64_t strip_rows = 0) const;

    /// A picture whose rows are not all there yet; the network must stay. Arguments as above.
    std::unique_ptr<StripPicture> begin(std::int64_t height, std::int64_t width,
                                        std::int64_t strip_rows = 0) const;

    /// Bytes that run() takes for a picture of this size, beside the weights.
    static std::size_t bytes(const Program& program, torch::ScalarType precision,
                             std::int64_t height, std::int64_t width);

    const Program& program() const;

private:
    struct Impl;
    std::unique_ptr<const Impl> impl_;
};

/// Rows come and the result's rows go, in order.
class StripPicture {
public:
    struct Impl;
    explicit StripPicture(std::unique_ptr<Impl> impl);
    ~StripPicture();

    /// Of the input, that advance() takes next: 0 when all have been given.
    std::int64_t rows_wanted() const;
    bool is_done() const;  ///< all rows of the result are out

    /// rows: the next rows_wanted() ones, [n,w,C] float32, dense. Returns the rows of the result
    /// that can be told now, [m,scale*w,C'] float32; m may be 0.
    torch::Tensor advance(const torch::Tensor& rows, const StripNetwork::OnShare& on_share);

private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace sisr::nn
