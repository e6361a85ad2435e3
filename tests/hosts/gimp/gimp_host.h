/// The real GIMP without a display: its own profile folder, few plug-ins, expressions of Script-Fu.
#pragma once

#include "support/run_command.h"
#include "support/temp_dir.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace sisr::test {

/// A colour profile that GIMP's packages bring along.
constexpr const char* kWideGamut = "/usr/share/color/icc/ghostscript/a98.icc";

struct GimpVersion {
    std::string number;                 ///< "2" or "3"
    std::filesystem::path console;      ///< gimp-console-2.10 or -3.0
    std::filesystem::path own_plug_in;  ///< the folder of ours
    std::filesystem::path gegl_folder;  ///< of our GEGL module
    std::filesystem::path scripts;      ///< prelude and cases
    std::filesystem::path sisr_batch;
    std::filesystem::path mischief;  ///< the library of mischief.cpp
};

/// Where `program` is in $PATH; empty if nowhere.
inline std::filesystem::path find_program(const std::string& program) {
    const char* path = std::getenv("PATH");
    const std::string folders = path == nullptr ? "" : path;
    for (std::size_t begin = 0; begin <= folders.size();) {
        const std::size_t end = std::min(folders.find(':', begin), folders.size());
        const auto file = std::filesystem::path(folders.substr(begin, end - begin)) / program;
        if (::access(file.c_str(), X_OK) == 0) return file;
        begin = end + 1;
    }
    return {};
}

class GimpHost {
public:
    /// is_disturbed: what the file "mischief" in folder() says is done in mid-run; see
    /// mischief.cpp.
    explicit GimpHost(GimpVersion version, bool is_disturbed = false)
        : version_(std::move(version)) {
        namespace fs = std::filesystem;
        fs::create_directories(plug_ins());
        fs::create_directories(folder_ / "in");
        fs::create_directories(folder_ / "out");
        const fs::path system = system_plug_ins();
        for (const char* name : {"script-fu", "file-png", "file-exr", "file-gegl"}) {
            if (fs::exists(system / name)) {
                fs::create_directory_symlink(system / name, plug_ins() / name);
            }
        }
        add_own_plug_in(is_disturbed);
        write_bytes(profile() / "gimprc", "(plug-in-path \"" + plug_ins().string() + "\")\n");
    }

    std::filesystem::path in(const std::string& name) const { return folder_ / "in" / name; }
    std::filesystem::path out(const std::string& name) const { return folder_ / "out" / name; }
    std::filesystem::path folder() const { return folder_.path(); }
    const GimpVersion& version() const { return version_; }

    /// Loads the cases, evaluates `expression` and quits.
    CommandResult run(const std::string& expression, CommandOptions options = {}) const {
        const std::string scripts = version_.scripts.string();
        const std::string program = "(begin (define folder \"" + folder_.path().string() +
                                    "\") (define model \"photo-x4\") (define profile \"" +
                                    kWideGamut + "\") (load \"" + scripts + "/prelude" +
                                    version_.number + ".scm\") (load \"" + scripts +
                                    "/cases.scm\") " + expression + ")";
        options.environment.insert(options.environment.end(),
                                   {{"GIMP2_DIRECTORY", profile().string()},
                                    {"GIMP3_DIRECTORY", profile().string()},
                                    {"GEGL_PATH", gegl_path()}});
        return run_command(
            {version_.console.string(), "-i", "-d", "--batch-interpreter=plug-in-script-fu-eval",
             "-b", program, "-b", "(gimp-quit 0)"},
            options);
    }

    /// What the cases wrote down: "case subject" to the rest of the line.
    std::map<std::string, std::string> facts() const {
        std::map<std::string, std::string> found;
        std::ifstream lines(folder_ / "facts");
        for (std::string line; std::getline(lines, line);) {
            const std::size_t subject = line.find(' ');
            const std::size_t values = line.find(' ', subject + 1);
            if (values == std::string::npos) continue;
            found[line.substr(0, values)] = line.substr(values + 1);
        }
        return found;
    }

private:
    std::filesystem::path profile() const { return folder_ / "profile"; }
    std::filesystem::path plug_ins() const { return profile() / "own-plug-ins"; }

    void add_own_plug_in(bool is_disturbed) const {
        namespace fs = std::filesystem;
        const std::string name = "plug-in-sisr-upscale";
        if (!is_disturbed) {
            fs::create_directory_symlink(version_.own_plug_in, plug_ins() / name);
            return;
        }
        fs::create_directories(plug_ins() / name);
        const fs::path script = plug_ins() / name / name;
        write_bytes(script, "#!/bin/sh\nSISR_MISCHIEF=" + (folder() / "mischief").string() +
                                " LD_PRELOAD=" + version_.mischief.string() + " exec " +
                                (version_.own_plug_in / name).string() + " \"$@\"\n");
        fs::permissions(script, fs::perms::owner_exec, fs::perm_options::add);
    }

    /// Beside the console's prefix, as Debian has it.
    std::filesystem::path system_plug_ins() const {
        namespace fs = std::filesystem;
        const std::string folder = version_.number == "2" ? "gimp/2.0" : "gimp/3.0";
        const fs::path lib = version_.console.parent_path().parent_path() / "lib";
        for (const fs::path& candidate : {lib, lib / SISR_TRIPLET}) {
            if (fs::exists(candidate / folder / "plug-ins")) return candidate / folder / "plug-ins";
        }
        return {};
    }

    /// GEGL's own operations and ours.
    std::string gegl_path() const {
        namespace fs = std::filesystem;
        const fs::path lib = version_.console.parent_path().parent_path() / "lib";
        std::string path = version_.gegl_folder.string();
        for (const fs::path& candidate : {lib / SISR_TRIPLET / "gegl-0.4", lib / "gegl-0.4"}) {
            if (fs::exists(candidate)) path += ":" + candidate.string();
        }
        return path;
    }

    GimpVersion version_;
    TempDir folder_;
};

}  // namespace sisr::test
