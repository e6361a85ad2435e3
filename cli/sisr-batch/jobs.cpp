#include "jobs.h"

#include <sisr/error.h>

#include <algorithm>
#include <map>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace sisr::cli {
namespace {

namespace fs = std::filesystem;

bool is_output_file(const BatchOptions& options) {
    std::error_code status;
    if (options.inputs.size() != 1 || fs::is_directory(options.inputs.front(), status) ||
        fs::is_directory(options.output, status)) {
        return false;
    }
    const std::string extension = options.output.extension().string();
    return extension.size() > 1 && can_write_extension(extension.substr(1));
}

class Lister {
public:
    explicit Lister(const BatchOptions& options)
        : options_(options), is_output_file_(is_output_file(options)) {}

    JobList list() {
        for (const fs::path& input : options_.inputs) {
            std::error_code status;
            const auto type = fs::status(input, status).type();
            if (type == fs::file_type::not_found || type == fs::file_type::none) {
                list_.missing.push_back(input.string() + ": no such file or folder");
            } else if (type == fs::file_type::directory) {
                add_folder(input, {});
            } else {
                add_file(input, {});
            }
        }
        return std::move(list_);
    }

private:
    /// relative: the place of the folder's results below the output folder.
    void add_folder(const fs::path& folder, const fs::path& relative) {
        std::error_code status;
        if (fs::equivalent(folder, options_.output, status) || !visit(folder)) return;
        std::vector<fs::path> entries;
        fs::directory_iterator iterator(folder, status);
        if (status) {
            list_.jobs.push_back({folder, {}, 1, "cannot be read (" + status.message() + ")"});
            return;
        }
        for (const auto& entry : iterator) entries.push_back(entry.path());
        std::sort(entries.begin(), entries.end());
        for (const fs::path& entry : entries) {
            const fs::path name = entry.filename();
            if (name.string().front() == '.') continue;
            if (options_.recursive && fs::is_directory(entry, status)) {
                add_folder(entry, relative / name);
            } else if (has_image_extension(entry)) {
                add_file(entry, relative);
            }
        }
    }

    /// False when the folder was seen before: a loop of links, or given twice.
    bool visit(const fs::path& folder) {
        struct stat info {};
        if (::stat(folder.c_str(), &info) != 0) return true;  // reading it will tell why
        return visited_.insert({info.st_dev, info.st_ino}).second;
    }

    void add_file(const fs::path& file, const fs::path& relative) {
        std::error_code status;
        if (!inputs_.insert(fs::absolute(file).lexically_normal()).second) return;
        Job job{file, choose_output(file, relative), 1, problem_of(file)};
        const auto bytes = fs::file_size(file, status);
        if (!status && bytes > 0) job.bytes = bytes;
        if (job.problem.empty() && fs::equivalent(file, job.output, status)) {
            job.problem = "the result would replace the input; use --suffix or another folder";
        }
        list_.jobs.push_back(std::move(job));
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

    fs::path choose_output(const fs::path& file, const fs::path& relative) {
        if (is_output_file_) return options_.output;
        const std::string own = file.extension().string();
        std::string extension = options_.format.empty() ? own : "." + options_.format;
        if (extension.size() < 2 || !can_write(extension)) extension = ".png";
        const fs::path folder = options_.output / relative;
        const std::string stem = file.stem().string();
        fs::path output = folder / (stem + options_.suffix + extension);
        if (outputs_.insert(output).second) return output;

        // a.png and a.jpg cannot both become a.webp: the second becomes a.jpg.webp.
        const fs::path wanted = output;
        output = folder / (stem + options_.suffix + own + extension);
        for (int i = 2; !outputs_.insert(output).second; ++i) {
            output = folder / (stem + options_.suffix + own + "-" + std::to_string(i) + extension);
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
    std::set<std::pair<dev_t, ino_t>> visited_;
    std::map<std::string, bool> writable_;
};

}  // namespace

JobList list_jobs(const BatchOptions& options) { return Lister(options).list(); }

void prepare_output(const BatchOptions& options) {
    fs::path folder = options.output;
    if (is_output_file(options)) folder = folder.has_parent_path() ? folder.parent_path() : ".";
    const std::string name = folder.string();
    std::error_code status;
    fs::create_directories(folder, status);
    if (!fs::is_directory(folder)) {
        throw Error(ErrorKind::io, name,
                    fs::exists(folder) ? "is a file, not a folder for results"
                                       : "cannot be created (" + status.message() + ")");
    }
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        throw Error(ErrorKind::io, name, "cannot be written into");
    }
}

}  // namespace sisr::cli
