#include "appcore/models/file_model.hpp"

#include <limits>
#include <utility>

#include "appcore/models/golden_rows.hpp"
#include "appcore/models/limits.hpp"
#include "appcore/system/low_priority.hpp"
#include "appcore/system/sha256.hpp"

namespace appcore::models {
namespace {

// From here on a check takes longer than a request may wait for a processor, about 10 ms.
constexpr std::size_t kLargeFile = 16U << 20U;

}  // namespace

Result<FileFacts> read_file_facts(const std::string& path) {
    const auto file = system::MappedFile::open(path, kMaxFileBytes);
    if (!file) return file.error();
    const auto view = read_model(file.value().bytes());
    if (!view) return Error{path + ": " + view.error().message};
    const acm::Facts& facts = view.value().facts;
    return FileFacts{std::string(view.value().text(acm::Text::version)),
                     std::string(acm::kSourceNames[static_cast<std::size_t>(facts.source)]),
                     system::to_hex(facts.source_sha256), facts.features, facts.golden_rows};
}

Result<std::unique_ptr<FileModel>> FileModel::load(const std::string& path) {
    auto file = system::MappedFile::open(path, kMaxFileBytes);
    if (!file) return file.error();
    Result<ModelView> view = Error{};
    const auto check = [&] { view = read_model(file.value().bytes()); };
    if (file.value().size() < kLargeFile) {
        check();
    } else {
        system::run_at_low_priority(check);
    }
    if (!view) return Error{path + ": " + view.error().message};
    // The constructor is private to others, to make_unique() too.
    std::unique_ptr<FileModel> model(
        new FileModel(std::move(file).value(), std::move(view).value()));
    if (const Status run = run_golden_rows(model->view_, model->evaluator_); !run) {
        return Error{path + ": " + run.error().message};
    }
    return model;
}

FileModel::FileModel(system::MappedFile file, ModelView view)
    : file_(std::move(file)), view_(std::move(view)), evaluator_(view_) {}

std::string_view FileModel::version() const {
    return view_.text(acm::Text::version);
}

InputRules FileModel::input() const {
    return {view_.facts.features, view_.has(acm::kNullIsMissing),
            view_.facts.input == acm::Arithmetic::float32 && view_.steps.empty()};
}

double FileModel::predict(std::span<const double> features) const {
    const Prediction prediction = evaluator_.predict(features);
    return prediction.problem == Problem::none ? prediction.value
                                               : std::numeric_limits<double>::quiet_NaN();
}

std::string FileModel::description() const {
    const acm::Facts& facts = view_.facts;
    std::string text(version());
    text.append(" (").append(acm::kSourceNames[static_cast<std::size_t>(facts.source)]);
    text.append(", ").append(std::to_string(facts.features)).append(" features, ");
    text.append(std::to_string(view_.trees.size())).append(" trees, ");
    text.append(std::to_string(facts.golden_rows)).append(" golden rows, source sha256 ");
    return text.append(system::to_hex(facts.source_sha256)).append(")");
}

}  // namespace appcore::models
