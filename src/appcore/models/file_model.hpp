// The model in a compiled file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "appcore/models/evaluator.hpp"
#include "appcore/models/model_view.hpp"
#include "appcore/models/prediction_model.hpp"
#include "appcore/system/mapped_file.hpp"

namespace appcore::models {

// What a file says of itself, all of it checked but the golden rows. The error begins with the
// path.
struct FileFacts {
    std::string version;
    std::string format;  // of the source
    std::string sha256;  // of the source, hexadecimal
    std::uint32_t features;
    std::uint32_t golden_rows;
};
[[nodiscard]] Result<FileFacts> read_file_facts(const std::string& path);

class FileModel final : public PredictionModel {
  public:
    // Maps the file, checks all of it and predicts its golden rows, which also brings the model
    // into memory. Its pages are shared by all processes that map it. A large file is checked at
    // low priority: other processes of the pool serve meanwhile. The error begins with the path.
    [[nodiscard]] static Result<std::unique_ptr<FileModel>> load(const std::string& path);

    [[nodiscard]] std::string_view version() const override;
    [[nodiscard]] InputRules input() const override;
    [[nodiscard]] double predict(std::span<const double> features) const override;
    [[nodiscard]] bool is_healthy() const override { return true; }

    [[nodiscard]] const ModelView& view() const { return view_; }
    // For the log: "churn-1 (xgboost-ubjson, 30 features, 100 trees, 50 golden rows, sha256 ...)".
    [[nodiscard]] std::string description() const;

  private:
    FileModel(system::MappedFile file, ModelView view);

    system::MappedFile file_;
    ModelView view_;
    mutable Evaluator evaluator_;  // its memory is used by one call after the other
};

}  // namespace appcore::models
