// From a source to a compiled file.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "appcore/importers/source.hpp"
#include "appcore/models/acm_writer.hpp"
#include "appcore/result.hpp"

namespace appcore::importers {

struct CompileOptions {
    ImportOptions import;
    std::string
        version;       // of the model; empty: `name`, shortened, and a hash of source and options
    std::string name;  // of the source, for instance its file's without folder and extension
    // Golden rows instead of those in the source, made when the number of features is known.
    std::function<Result<Golden>(const models::acm::Facts& facts,
                                 std::span<const std::string> names)>
        golden;
};

// The file for the source `bytes`. Its golden rows have been predicted with it, and had the
// expected predictions: bit by bit, or within rounding where Source::is_exact is false. The error
// is one sentence that names what is wrong, and what to do; a lack of memory is one, too.
[[nodiscard]] Result<models::ModelBytes> compile(std::span<const std::byte> bytes,
                                                 const CompileOptions& options);

}  // namespace appcore::importers
