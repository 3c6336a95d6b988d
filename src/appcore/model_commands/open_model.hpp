// The model that a command works on.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "appcore/model_commands/arguments.hpp"
#include "appcore/models/acm_writer.hpp"
#include "appcore/models/model_view.hpp"
#include "appcore/system/mapped_file.hpp"

namespace appcore::model_commands {

class OpenModel {
  public:
    // Maps a compiled file, or compiles a source in memory with the options in `arguments`. Golden
    // rows are not run. The error begins with the path.
    [[nodiscard]] static Result<OpenModel> open(const std::string& path,
                                                const Arguments& arguments);

    [[nodiscard]] const models::ModelView& view() const { return *view_; }
    [[nodiscard]] std::size_t file_bytes() const;
    [[nodiscard]] std::vector<std::string> names() const;

  private:
    using Bytes = std::variant<system::MappedFile, models::ModelBytes>;

    OpenModel(Bytes bytes, models::ModelView view);

    Bytes bytes_;
    std::unique_ptr<models::ModelView> view_;  // so that it keeps its place
};

// Compiles the file with `arguments`; the error begins with the path.
[[nodiscard]] Result<models::ModelBytes> compile_file(const std::string& path,
                                                      const Arguments& arguments);

}  // namespace appcore::model_commands
