#include "option_parser.h"

#include "common/nearest_option.h"

#include <sisr/error.h>

#include <fstream>
#include <iostream>
#include <set>

namespace sisr::cli {

namespace po = boost::program_options;

std::optional<po::variables_map> parse_arguments(const std::string& command,
                                                 const std::string& synopsis,
                                                 po::options_description options,
                                                 const Arguments& arguments,
                                                 const std::vector<std::string>& positional) {
    // clang-format off
    options.add_options()
        ("help,h", "print this help")
        ("config", po::value<std::string>()->value_name("FILE"),
         "read options from an INI file; those on the command line win");
    // clang-format on
    po::positional_options_description words;
    for (const std::string& option : positional) {
        words.add(option.c_str(), &option == &positional.back() ? -1 : 1);
    }
    po::variables_map values;
    try {
        po::store(po::command_line_parser(arguments).options(options).positional(words).run(),
                  values);
        if (values.count("help") != 0) {
            std::cout << "usage: sisr-train " << command << " " << synopsis << "\n\n" << options;
            return std::nullopt;
        }
        if (values.count("config") != 0) {
            const auto file = values["config"].as<std::string>();
            std::ifstream stream(file);
            if (!stream) throw Error(ErrorKind::not_found, file, "cannot be opened");
            po::store(po::parse_config_file(stream, options), values);
        }
        po::notify(values);
    } catch (const po::error& error) {
        throw Error(ErrorKind::usage, command, explain(error, options));
    }
    return values;
}

std::string format_recipe(const po::variables_map& values) {
    const std::set<std::string> of_this_run{"help", "config", "output", "resume", "accept-changes"};
    std::string recipe;
    for (const auto& [name, value] : values) {
        if (of_this_run.count(name) != 0) continue;
        const auto& content = value.value();
        if (const auto* list = boost::any_cast<std::vector<std::string>>(&content)) {
            for (const auto& item : *list) recipe += name + " = " + item + "\n";
        } else if (const auto* text = boost::any_cast<std::string>(&content)) {
            if (!text->empty()) recipe += name + " = " + *text + "\n";
        } else {
            throw Error(ErrorKind::internal, name, "option of a type that a recipe cannot hold");
        }
    }
    return recipe;
}

}  // namespace sisr::cli
