#include "appcore/model_commands/open_model.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "appcore/importers/compile.hpp"
#include "appcore/model_commands/csv.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::model_commands {
namespace {

Error in_file(const std::string& path, const Error& error) {
    return Error{path + ": " + error.message};
}

bool is_compiled(std::span<const std::byte> bytes) {
    const auto magic = std::as_bytes(std::span(models::acm::kMagic));
    return bytes.size() >= magic.size() && std::ranges::equal(bytes.first(magic.size()), magic);
}

bool has_compile_options(const Arguments& arguments) {
    const importers::ImportOptions& import = arguments.import;
    return import.output.kind != importers::OutputChoice::Kind::only ||
           import.trees != importers::TreeChoice::unsaid || import.null_is_missing ||
           !arguments.version.empty() || arguments.golden_rows;
}

importers::CompileOptions options_for(const std::string& path, const Arguments& arguments) {
    importers::CompileOptions options;
    options.import = arguments.import;
    options.version = arguments.version;
    options.name = std::filesystem::path(path).stem().string();
    if (arguments.golden_rows) {
        options.golden = [&arguments](const models::acm::Facts& facts,
                                      std::span<const std::string> names) {
            return read_golden(*arguments.golden_rows, arguments.golden_predictions, facts, names);
        };
    }
    return options;
}

}  // namespace

Result<models::ModelBytes> compile_file(const std::string& path, const Arguments& arguments) {
    const auto file = system::MappedFile::open(path, models::kMaxSourceBytes);
    if (!file) return file.error();
    auto compiled = importers::compile(file.value().bytes(), options_for(path, arguments));
    if (!compiled) return in_file(path, compiled.error());
    return compiled;
}

Result<OpenModel> OpenModel::open(const std::string& path, const Arguments& arguments) {
    auto file = system::MappedFile::open(path, models::kMaxFileBytes);
    if (!file) return file.error();
    if (is_compiled(file.value().bytes())) {
        // With two files the options may be for the other one.
        if (arguments.files.size() == 1 && has_compile_options(arguments)) {
            return Error{path +
                         ": the file is compiled already; --output, --trees, --missing, "
                         "--version and --golden are for sources"};
        }
        auto view = models::read_model(file.value().bytes());
        if (!view) return in_file(path, view.error());
        return OpenModel(std::move(file).value(), std::move(view).value());
    }
    auto compiled = compile_file(path, arguments);
    if (!compiled) return compiled.error();
    // The view's spans point to memory that moves along with its owner.
    auto view = models::read_model(std::as_const(compiled.value()).bytes());
    if (!view) return in_file(path, view.error());
    return OpenModel(std::move(compiled).value(), std::move(view).value());
}

OpenModel::OpenModel(Bytes bytes, models::ModelView view)
    : bytes_(std::move(bytes)), view_(std::make_unique<models::ModelView>(std::move(view))) {}

std::size_t OpenModel::file_bytes() const {
    return std::visit([](const auto& owner) { return owner.bytes().size(); }, bytes_);
}

std::vector<std::string> OpenModel::names() const {
    return {view_->names.begin(), view_->names.end()};
}

}  // namespace appcore::model_commands
