#include "thunderline/cerebros/onnx/convert.h"

#include <memory>
#include <optional>
#include <set>

#include "thunderline/base/json_util.h"
#include "thunderline/cli/command.h"
#include "thunderline/cli/error_json.h"
#include "thunderline/cli/output.h"
#include "thunderline/cli/progress.h"

namespace thunderline::cli {
namespace {

namespace onnx = cerebros::onnx;

struct ConvertOptions {
  std::vector<std::string> paths;
  std::string to = "onnx";
  std::optional<std::string> output_dir;
  bool no_verify = false;
  onnx::ConvertRequest request;
};

/// "a/m.keras" → "m".
std::string stem_of(const std::string& path) {
  const std::string name = path.substr(path.find_last_of('/') + 1);
  return name.substr(0, name.find_last_of('.'));
}

Status check(const ConvertOptions& options) {
  if (options.to != "onnx") {
    return fail(ErrorCode::kInvalidArgument, "only ONNX is written so far", "--to " + options.to,
                "leave --to out");
  }
  if (options.request.output_file.has_value() == options.output_dir.has_value()) {
    return fail(ErrorCode::kInvalidArgument, "say where the result goes, once",
                "thunderline convert", "give --output-dir DIR or, for one model, --output FILE");
  }
  if (options.request.output_file && options.paths.size() > 1) {
    return fail(ErrorCode::kInvalidArgument, "--output takes one model", "thunderline convert",
                "give --output-dir DIR");
  }
  std::set<std::string> stems;
  for (const std::string& path : options.paths) {
    if (!stems.insert(stem_of(path)).second) {
      return fail(ErrorCode::kInvalidArgument, "two models would be written to one name", path,
                  "convert them into two folders");
    }
  }
  return {};
}

/// Converts a file, or each of a folder's; a folder that cannot be read is an item that failed.
void convert_path(const Session& session, const std::string& path,
                  const onnx::ConvertRequest& request, std::vector<onnx::BatchItem>& items) {
  if (!session.files.list(path)) {
    items.push_back({path, onnx::convert_single_model(session.files, path, request)});
    return;
  }
  auto batch = onnx::batch_convert(session.files, path, request);
  if (!batch) {
    items.push_back({path, tl::unexpected<Error>(batch.error())});
    return;
  }
  for (onnx::BatchItem& item : *batch) items.push_back(std::move(item));
}

std::string json_of(const std::vector<onnx::BatchItem>& items) {
  OrderedJson list = OrderedJson::array();
  for (const onnx::BatchItem& item : items) {
    OrderedJson entry = {{"source", item.path}};
    if (item.result) {
      const onnx::Converted& done = *item.result;
      entry["onnx"] = done.onnx_path;
      entry["metadata"] = done.metadata_path;
      entry["parameters"] = done.metadata.parameters;
      entry["opset"] = done.metadata.opset;
      entry["max_error"] = nullptr;
      if (done.metadata.verified) entry["max_error"] = done.metadata.verified->max_error;
    } else {
      entry["error"] = error_json(item.result.error());
    }
    list.push_back(std::move(entry));
  }
  return dump_json(OrderedJson{{"files", std::move(list)}});
}

std::string table_of(const std::vector<onnx::BatchItem>& items) {
  Table table({"MODEL", "RESULT", "PARAMETERS", "MAX ERROR", "ONNX"});
  for (const onnx::BatchItem& item : items) {
    if (!item.result) {
      table.add({item.path, "failed", "-", "-", to_string(item.result.error())});
      continue;
    }
    const onnx::ConversionMetadata& metadata = item.result->metadata;
    table.add({item.path, "ok", std::to_string(metadata.parameters),
               metadata.verified ? number_text(metadata.verified->max_error) : "not checked",
               item.result->onnx_path});
  }
  return table.text();
}

Status convert(Session& session, ConvertOptions& options) {
  TL_RETURN_IF_ERROR(check(options));
  options.request.verify = !options.no_verify;
  if (options.output_dir) options.request.output_dir = *options.output_dir;
  std::vector<onnx::BatchItem> items;
  Progress progress(session.clock, session.quiet);
  for (const std::string& path : options.paths) {
    if (session.stop.stop_requested()) return fail(ErrorCode::kInterrupted, "interrupted", path);
    if (options.paths.size() > 1) progress.show("converting " + path);
    convert_path(session, path, options.request, items);
  }
  progress.finish();
  TL_RETURN_IF_ERROR(print_line(session.json ? json_of(items) : table_of(items)));
  session.printed = true;
  for (const onnx::BatchItem& item : items) {
    if (!item.result) return tl::unexpected<Error>(item.result.error());
  }
  return {};
}

}  // namespace

void add_convert(Command app, Session& session) {
  Command command = app.add_subcommand("convert", "Turns Keras models into ONNX models");
  command.footer("Example:\n  thunderline convert model.keras models/ --output-dir out");
  auto options = std::make_shared<ConvertOptions>();
  command.add_option("paths", options->paths, "Archives, and folders of them")
      .required()
      .type_name("IN.keras|DIR");
  command.add_option("--output-dir", options->output_dir, "Folder for <stem>.onnx and <stem>.json")
      .type_name("DIR");
  command.add_option("--output", options->request.output_file, "The ONNX file of one model")
      .type_name("FILE");
  command.add_option("--to", options->to, "onnx").one_of({"onnx", "keras"}).capture_default_str();
  command.add_option("--opset", options->request.opset, "ONNX operator set, 13 to 21")
      .capture_default_str();
  command.add_option("--max-seq-length", options->request.max_seq_length,
                     "Length of the input, which must be the model's");
  command.add_flag("--no-verify", options->no_verify, "Does not compare with ONNX Runtime");
  command.callback([&session, options] {
    session.action = [&session, options] { return convert(session, *options); };
  });
}

}  // namespace thunderline::cli
