/// A batch spread over machines.
#pragma once

#include "jobs.h"

#include <vector>

namespace sisr::cli {

/// The jobs of one of several shards, in their order. Every shard gets about as many pixels; the
/// division depends on names and sizes alone, so all machines come to the same one, and a shard
/// that is started again does the same files.
std::vector<Job> take_shard(const std::vector<Job>& jobs, const Shard& shard);

}  // namespace sisr::cli
