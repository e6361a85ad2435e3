/// Whether a result that is there already is the one that this run would make.
#pragma once

#include "options.h"

#include <sisr/model.h>

#include <filesystem>
#include <string>

namespace sisr::cli {

/// A result remembers what it was made with in an extended attribute of its file, "user.sisr.made",
/// which goes with it when it is renamed and belongs to no format. File systems that have none, and
/// copies made without it, do not know.
class MadeWith {
public:
    /// Reads the model's file, by whose content it is known. Throws Error{io}.
    MadeWith(const BatchOptions& options, const ModelInfo& model);

    enum class Match { same, other_options, other_input, unknown };
    Match match(const std::filesystem::path& input, const std::filesystem::path& result) const;

    /// Does nothing where the file system has no place for it.
    void remember(const std::filesystem::path& input, const std::filesystem::path& result) const;

private:
    std::string options_;  ///< all that changes a result, in one line
};

}  // namespace sisr::cli
