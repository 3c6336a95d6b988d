// The commands of appcore-model. Each returns what it prints on standard output.
#pragma once

#include <string>

#include "appcore/model_commands/arguments.hpp"
#include "appcore/models/model_view.hpp"
#include "appcore/result.hpp"

namespace appcore::model_commands {

[[nodiscard]] Result<std::string> compile(const Arguments& arguments);
[[nodiscard]] Result<std::string> inspect(const Arguments& arguments);
[[nodiscard]] Result<std::string> check(const Arguments& arguments);
[[nodiscard]] Result<std::string> predict(const Arguments& arguments);
[[nodiscard]] Result<std::string> compare(const Arguments& arguments);
[[nodiscard]] Result<std::string> bench(const Arguments& arguments);

// What `inspect` shows of the model in `file`, which has `bytes` bytes.
[[nodiscard]] std::string describe_model(const models::ModelView& view, const std::string& file,
                                         std::size_t bytes, bool json);

}  // namespace appcore::model_commands
