/// A job's input, read as its result needs it.
#pragma once

#include "jobs.h"

#include <sisr/image_file.h>

#include <string>
#include <vector>

namespace sisr::cli {

class JobSource {
public:
    /// Opens the file and looks at no pixel. Throws as FileSource does, and Error{unsupported} for
    /// a picture of more pixels than the options allow.
    JobSource(const Job& job, const BatchOptions& options);

    FileSource& file() { return file_; }
    /// Of the page at work, upright where the result will be.
    ImageShape shape() const;
    /// How the page at work is to be written; call it after prepare().
    WriteOptions write_options(const ImageShape& result) const;

    /// Before a page's rows are read: turns it where the result's format cannot tell that it is to
    /// be turned.
    void prepare();
    /// True when pixels are turned, not only marked.
    bool is_turned() const { return is_turned_; }
    /// Goes to the next page. Throws Error{bad_image} when it is missing.
    void next_page();

    /// How many pages the result will have.
    int pages() const { return pages_; }
    /// What was left out so far and not told yet, lines for the user.
    std::vector<std::string> new_notes();

private:
    void look_at_page();
    std::vector<std::string> notes() const;

    const Job& job_;
    const BatchOptions& options_;
    FileSource file_;
    bool is_turned_ = false;
    int page_ = 0;
    int pages_ = 1;
    std::vector<std::string> told_;
};

}  // namespace sisr::cli
