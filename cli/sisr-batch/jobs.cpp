#include "jobs.h"

#include "base/ascii.h"

#include <sisr/error.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace sisr::cli {
namespace {

namespace fs = std::filesystem;

bool is_output_file(const BatchOptions& options) {
    std::error_code status;
    if (!has_image_extension(options.output) || fs::is_directory(options.output, status)) {
        return false;
    }
    if (options.inputs.size() != 1 || fs::is_directory(options.inputs.front(), status)) {
        throw Error(ErrorKind::usage, "--output",
                    "\"" + options.output.string() +
                        "\" is the name of one picture, but the input is several; name a folder");
    }
    const std::string extension = ascii_lower(options.output.extension().string().substr(1));
    // A folder of that name is not what was meant.
    if (!can_write_extension(extension)) {
        throw Error(ErrorKind::usage, "--output",
                    "files of type \"" + extension + "\" cannot be written");
    }
    if (!options.format.empty() && ascii_lower(options.format) != extension) {
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
        if (options_.output.empty()) check_inputs_without_output();
        for (const fs::path& input : options_.inputs) add_input(input);
        if (options_.existing == Existing::overwrite) protect_inputs();
        return std::move(list_);
    }

private:
    /// Results lie beside their inputs then: whoever meant another place must not find them there.
    void check_inputs_without_output() {
        for (const fs::path& input : options_.inputs) {
            std::error_code status;
            const std::string name = input.string();
            const bool is_folder = fs::is_directory(input, status);
            const bool is_missing = !is_folder && !fs::exists(input, status) && !status;
            const bool is_last = &input == &options_.inputs.back() && options_.inputs.size() > 1;
            const std::string hint = is_last ? "; did you mean -o " + name + "?" : "";
            if (is_missing) {
                throw Error(ErrorKind::usage, name, "no such file or folder" + hint);
            }
            if (is_folder) {
                throw Error(ErrorKind::usage, "--output",
                            "is missing: where shall the results of the folder " + name + " go" +
                                (is_last ? hint : "?"));
            }
            results_.insert(fs::absolute(result_beside(input)).lexically_normal());
        }
    }

    fs::path result_beside(const fs::path& file) { return file.parent_path() / result_name(file); }

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
        std::vector<fs::path> passed_over;
        for (const fs::path& entry : read_folder(folder, relative)) {
            std::error_code status;
            const fs::path name = entry.filename();
            const bool is_folder = fs::is_directory(entry, status);
            if (is_folder && is_output_folder(entry)) continue;
            if (is_folder && options_.recursive) {
                add_folder(entry, relative / name);
            } else if (has_image_extension(entry)) {
                add_file(entry, relative);
            } else if (is_folder) {
                passed_over.push_back(entry);
            }
        }
        note_sub_folders(folder, passed_over);
    }

    void note_sub_folders(const fs::path& folder, const std::vector<fs::path>& passed_over) {
        if (passed_over.empty()) return;
        const std::string what =
            passed_over.size() == 1
                ? passed_over.front().string() + ": is a sub-folder"
                : folder.string() + ": has " + std::to_string(passed_over.size()) + " sub-folders";
        list_.notes.push_back(what + ", passed over (--recursive enters sub-folders)");
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
        const fs::path place = fs::absolute(file).lexically_normal();
        if (!inputs_.insert(place).second) return;
        if (results_.count(place) != 0) {
            // As in "sisr-batch *.jpg", the second time.
            list_.notes.push_back(file.string() + ": is the result of another input, passed over");
            return;
        }
        Job job{file, {}, 1, problem_of(file)};
        const auto bytes = fs::file_size(file, status);
        if (!status && bytes > 0) job.bytes = bytes;
        const fs::path wanted = wanted_output(file, relative);
        if (job.problem.empty() && fs::equivalent(file, wanted, status)) {
            job.problem = "the result would replace the input; use --suffix or another folder";
        }
        job.output = job.problem.empty() ? take_output(file, wanted) : wanted;
        list_.jobs.push_back(std::move(job));
    }

    fs::path wanted_output(const fs::path& file, const fs::path& relative) {
        if (options_.output.empty()) return result_beside(file);
        return is_output_file_ ? options_.output : options_.output / relative / result_name(file);
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
            extension = ascii_lower(own) == ".pfm" ? ".exr" : ".png";
        }
        // What ends the name of "frame.0001" is no extension.
        const fs::path name = has_image_extension(file) ? file.stem() : file.filename();
        return name.string() + options_.suffix + extension;
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
        list_.notes.push_back(file.string() + ": the result is named " + output.string() +
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
    std::set<fs::path> results_;  ///< of the inputs, where they lie beside them
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

void tidy_outputs(const std::vector<Job>& jobs, bool ours_too) {
    std::set<fs::path> folders;
    for (const Job& job : jobs) {
        const fs::path folder = job.output.parent_path();
        if (!folders.insert(folder).second) continue;
        remove_abandoned_files(folder.empty() ? "." : folder, ours_too);
    }
}

void prepare_output(const BatchOptions& options) {
    if (options.output.empty()) return;
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
