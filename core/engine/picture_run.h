/// One picture through a network, in bounded memory.
#pragma once

#include "engine/tile_plan.h"
#include "engine/tile_runner.h"

#include <sisr/progress.h>
#include <sisr/rows.h>

#include <cstddef>
#include <functional>

namespace sisr {

struct RunBudget {
    TileBudget tiles;
    std::size_t memory_bytes = 0;  ///< of this run in all
    std::size_t strip_bytes = 0;   ///< of it, what the network's strips take at the picture's width
};

/// Reads the source's rows once and writes those of the result, at the network's own scale, once.
/// A picture that is too large for one tile goes through the network from top to bottom where the
/// network and the memory allow it, else in bands or tiles that overlap by the network's reach.
/// before_work is called now and then, before the processor is kept busy for a while. Throws
/// Error{cancelled} when progress says so, and what TileRunner, source and sink throw.
void run_picture(const TileRunner& network, const RunBudget& budget,
                 const std::function<void()>& before_work, RowSource& source, RowSink& sink,
                 Progress& progress);

}  // namespace sisr
