#include <algorithm>
#include <array>

#include "appcore/model_commands/commands.hpp"
#include "appcore/model_commands/open_model.hpp"
#include "appcore/model_commands/report.hpp"
#include "appcore/system/sha256.hpp"

namespace appcore::model_commands {
namespace {

namespace acm = models::acm;

std::string_view format_of(const acm::Facts& facts) {
    return acm::kSourceNames[static_cast<std::size_t>(facts.source)];
}

std::string output_of(const acm::Facts& facts) {
    const std::string index = std::to_string(facts.output_index);
    switch (facts.output) {
        case acm::Output::class_before_link:
        case acm::Output::class_after_link:
            return "class";
        case acm::Output::margin:
            return facts.outputs == 1 ? "margin" : "margin:" + index;
        case acm::Output::value:
            break;
    }
    return facts.outputs == 1 ? "value" : "probability:" + index;
}

std::uint32_t depth_of(const models::ModelView& view) {
    std::uint32_t depth = 0;
    for (const acm::Tree& tree : view.trees) depth = std::max(depth, tree.depth);
    return depth;
}

std::string names_json(const models::ModelView& view) {
    std::string names;
    for (const std::string_view name : view.names) {
        if (!names.empty()) names += ", ";
        names += quoted(name);
    }
    return "[" + names + "]";
}

std::string as_json(const models::ModelView& view, const std::string& file, std::size_t bytes) {
    const acm::Facts& facts = view.facts;
    const bool small = facts.node_kind == acm::NodeKind::small;
    JsonObject features;
    features.add("count", std::uint64_t{facts.features})
        .add_json("names", names_json(view))
        .add("type", facts.input == acm::Arithmetic::float32 ? "float32" : "float64");
    JsonObject object;
    object.add("file", file)
        .add("format", format_of(facts))
        .add("source_sha256", system::to_hex(facts.source_sha256))
        .add("model_version", view.text(acm::Text::version))
        .add("library", view.text(acm::Text::library))
        .add("objective", view.text(acm::Text::objective))
        .add_json("features", features.text())
        .add("trees", std::uint64_t{view.trees.size()})
        .add("nodes", std::uint64_t{view.small_nodes.size() + view.large_nodes.size()})
        .add("depth", std::uint64_t{depth_of(view)})
        .add("outputs", std::uint64_t{facts.outputs})
        .add("output", output_of(facts))
        .add("missing", view.has(acm::kNullIsMissing) ? "null" : "refused")
        .add("golden_rows", std::uint64_t{facts.golden_rows})
        .add("node_bytes", std::uint64_t{small ? sizeof(acm::SmallNode) : sizeof(acm::LargeNode)})
        .add("file_bytes", std::uint64_t{bytes});
    return object.text() + "\n";
}

std::string names_text(const models::ModelView& view) {
    constexpr std::size_t kShown = 12;
    std::string names;
    for (std::size_t i = 0; i < std::min(kShown, view.names.size()); ++i) {
        if (i > 0) names += ", ";
        names += printable(view.names[i]);
    }
    if (view.names.size() > kShown) names += ", ...";
    return names;
}

}  // namespace

std::string describe_model(const models::ModelView& view, const std::string& file,
                           std::size_t bytes, bool json) {
    if (json) return as_json(view, file, bytes);
    const acm::Facts& facts = view.facts;
    const std::string type = facts.input == acm::Arithmetic::float32 ? "float32" : "float64";
    std::string lines;
    const auto line = [&lines](std::string_view name, const std::string& value) {
        lines.append(name).append(14 - name.size(), ' ').append(value).append("\n");
    };
    line("file", file + ", " + grouped(bytes) + " bytes");
    line("version", std::string(view.text(acm::Text::version)));
    line("source", std::string(format_of(facts)) + ", " + printable(view.text(acm::Text::library)) +
                       ", " + printable(view.text(acm::Text::objective)));
    line("sha256", system::to_hex(facts.source_sha256));
    line("features", std::to_string(facts.features) + " (" + type + "): " + names_text(view));
    line("missing", view.has(acm::kNullIsMissing)  ? "null in requests"
                    : view.has(acm::kTakesMissing) ? "not in requests (compile with --missing null)"
                                                   : "none");
    if (facts.model_kind == acm::ModelKind::trees) {
        line("trees", grouped(view.trees.size()) + " of depth up to " +
                          std::to_string(depth_of(view)) + ", " +
                          grouped(view.small_nodes.size() + view.large_nodes.size()) + " nodes");
    } else {
        line("model", "linear");
    }
    line("output", output_of(facts));
    line("golden rows", grouped(facts.golden_rows));
    return lines;
}

Result<std::string> inspect(const Arguments& arguments) {
    const std::string& file = arguments.files.front();
    const auto model = OpenModel::open(file, arguments);
    if (!model) return model.error();
    return describe_model(model.value().view(), file, model.value().file_bytes(), arguments.json);
}

}  // namespace appcore::model_commands
