#include "jobs.h"

#include <sisr/error.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace sisr::cli {
namespace {

namespace fs = std::filesystem;

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool is_output_file(const BatchOptions& options) {
    std::error_code status;
    if (options.inputs.size() != 1 || fs::is_directory(options.inputs.front(), status) ||
        fs::is_directory(options.output, status)) {
        return false;
    }
    if (!has_image_extension(options.output)) return false;
    const std::string extension = lower_case(options.output.extension().string().substr(1));
    // A folder of that name is not what was meant.
    if (!can_write_extension(extension)) {
        throw Error(ErrorKind::usage, "--output",
                    "files of type \"" + extension + "\" cannot be written");
    }
    if (!options.format.empty() && lower_case(options.format) != extension) {
        throw Error(ErrorKind::usage, "--format", "contradicts the name of the output file");
    }
    return true;
}

using FileId = std::pair<dev_t, ino_t>;

/// None for a file that is not there.
std::optional<FileId> identify(const fs::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) return std::nullopt;
    return FileId{info.st_dev, info.st_ino};
}

class Lister {
public:
    explicit Lister(const BatchOptions& options)
        : options_(options), is_output_file_(is_output_file(options)) {}

    JobList list() {
        for (const fs::path& input : options_.inputs) add_input(input);
        if (options_.existing == Existing::overwrite) protect_inputs();
        return std::move(list_);
    }

private:
    void add_input(const fs::path& input) {
        std::error_code status;
        const auto type = fs::status(input, status).type();
        if (type == fs::file_type::not_found) {
            list_.missing.push_back(input.string() + ": no such file or folder");
        } else if (type == fs::file_type::none) {
            list_.missing.push_back(input.string() + ": cannot be read (" + status.message() + ")");
        } else if (type != fs::file_type::directory) {
            add_file(input, {});
        } else if (options_.inputs.size() > 1 && is_output_folder(input)) {
            // As in "sisr-batch -r holiday/* -o holiday/large".
            list_.notes.push_back(input.string() + ": is the output folder, passed over");
        } else {
            add_folder(input, {});
        }
    }

    bool is_output_folder(const fs::path& folder) const {
        std::error_code status;
        return fs::equivalent(folder, options_.output, status);
    }

    /// relative: the place of the folder's results below the output folder.
    void add_folder(const fs::path& folder, const fs::path& relative) {
        // Seen before: a loop of links, or given twice. Unknown: reading it will tell why.
        const auto id = identify(folder);
        if (id && !visited_.insert(*id).second) return;
        for (const fs::path& entry : read_folder(folder, relative)) {
            std::error_code status;
            const fs::path name = entry.filename();
            if (options_.recursive && fs::is_directory(entry, status)) {
                if (!is_output_folder(entry)) add_folder(entry, relative / name);
            } else if (has_image_extension(entry)) {
                add_file(entry, relative);
            }
        }
    }

    /// What is not hidden, by name.
    std::vector<fs::path> read_folder(const fs::path& folder, const fs::path& relative) {
        std::vector<fs::path> entries;
        std::error_code status;
        for (fs::directory_iterator entry(folder, status), end; !status && entry != end;
             entry.increment(status)) {
            if (entry->path().filename().string().front() != '.') entries.push_back(entry->path());
        }
        if (status) {
            list_.jobs.push_back({folder, {}, 1, "cannot be read (" + status.message() + ")"});
        }
        std::sort(entries.begin(), entries.end());
        drop_earlier_results(folder, relative, entries);
        return entries;
    }

    /// Where results lie beside their inputs, told apart by a suffix, a second run must not enlarge
    /// the first one's.
    void drop_earlier_results(const fs::path& folder, const fs::path& relative,
                              std::vector<fs::path>& entries) {
        std::error_code status;
        if (options_.suffix.empty() ||
            !fs::equivalent(folder, options_.output / relative, status)) {
            return;
        }
        std::set<fs::path> results;
        for (const fs::path& entry : entries) results.insert(folder / result_name(entry));
        const auto is_result = [&](const fs::path& entry) { return results.count(entry) != 0; };
        entries.erase(std::remove_if(entries.begin(), entries.end(), is_result), entries.end());
    }

    void add_file(const fs::path& file, const fs::path& relative) {
        std::error_code status;
        if (!inputs_.insert(fs::absolute(file).lexically_normal()).second) return;
        Job job{file, {}, 1, problem_of(file)};
        const auto bytes = fs::file_size(file, status);
        if (!status && bytes > 0) job.bytes = bytes;
        const fs::path wanted =
            is_output_file_ ? options_.output : options_.output / relative / result_name(file);
        if (job.problem.empty() && fs::equivalent(file, wanted, status)) {
            job.problem = "the result would replace the input; use --suffix or another folder";
        }
        job.output = job.problem.empty() ? take_output(file, wanted) : wanted;
        list_.jobs.push_back(std::move(job));
    }

    /// One input's result must not overwrite another input.
    void protect_inputs() {
        std::map<FileId, fs::path> inputs;
        for (const Job& job : list_.jobs) {
            if (const auto id = identify(job.input)) inputs.emplace(*id, job.input);
        }
        for (Job& job : list_.jobs) {
            const auto id = job.problem.empty() ? identify(job.output) : std::nullopt;
            const auto found = id ? inputs.find(*id) : inputs.end();
            if (found != inputs.end()) {
                job.problem = "the result would replace the input " + found->second.string();
            }
        }
    }

    static std::string problem_of(const fs::path& file) {
        std::error_code status;
        switch (fs::status(file, status).type()) {
            case fs::file_type::regular: return "";
            case fs::file_type::directory: return "is a folder, not an image";
            case fs::file_type::not_found: return "is a link to a file that is not there";
            default: return "is not a regular file";
        }
    }

    std::string result_name(const fs::path& file) {
        const std::string own = file.extension().string();
        std::string extension = options_.format.empty() ? own : "." + options_.format;
        if (extension.size() < 2 || !can_write(extension)) {
            // Portable float maps hold light, which a PNG would cut off.
            extension = lower_case(own) == ".pfm" ? ".exr" : ".png";
        }
        return file.stem().string() + options_.suffix + extension;
    }

    /// The wanted name, or the nearest one that is free.
    fs::path take_output(const fs::path& file, const fs::path& wanted) {
        if (outputs_.insert(wanted).second) return wanted;
        // a.png and a.jpg cannot both become a.webp: the second becomes a.jpg.webp.
        const std::string base = wanted.stem().string() + file.extension().string();
        const std::string extension = wanted.extension().string();
        fs::path output = wanted.parent_path() / (base + extension);
        for (int i = 2; !outputs_.insert(output).second; ++i) {
            std::string name = base + "-";
            name += std::to_string(i) + extension;
            output = wanted.parent_path() / name;
        }
        list_.notes.push_back(file.string() + ": its result is named " + output.string() +
                              ", since " + wanted.filename().string() + " is taken");
        return output;
    }

    bool can_write(const std::string& extension) {
        const auto known = writable_.find(extension);
        if (known != writable_.end()) return known->second;
        return writable_[extension] = can_write_extension(extension.substr(1));
    }

    const BatchOptions& options_;
    bool is_output_file_;
    JobList list_;
    std::set<fs::path> inputs_;
    std::set<fs::path> outputs_;
    std::set<FileId> visited_;
    std::map<std::string, bool> writable_;
};

}  // namespace

JobList list_jobs(const BatchOptions& options) { return Lister(options).list(); }

void make_folder(const fs::path& folder) {
    std::error_code status;
    fs::create_directories(folder, status);
    std::error_code unknown;
    if (fs::is_directory(folder, unknown)) return;
    throw Error(ErrorKind::io, folder.string(), "cannot be created (" + status.message() + ")");
}

void tidy_outputs(const std::vector<Job>& jobs) {
    std::set<fs::path> folders;
    for (const Job& job : jobs) {
        const fs::path folder = job.output.parent_path();
        if (folders.insert(folder).second) remove_abandoned_files(folder.empty() ? "." : folder);
    }
}

void prepare_output(const BatchOptions& options) {
    fs::path folder = options.output;
    if (is_output_file(options)) folder = folder.has_parent_path() ? folder.parent_path() : ".";
    const std::string name = folder.string();
    std::error_code status;
    if (fs::exists(folder, status) && !fs::is_directory(folder, status)) {
        throw Error(ErrorKind::io, name, "is a file, not a folder for results");
    }
    if (options.dry_run) return;
    make_folder(folder);
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        throw Error(ErrorKind::io, name, "cannot be written into");
    }
}

}  // namespace sisr::cli
