#include "thunderline/cerebros/keras/archive/hdf5_writer.h"

#include <hdf5.h>

namespace thunderline::cerebros::keras {
namespace {

constexpr size_t kGrowBytes = size_t{1} << 20;

/// Owns one of libhdf5's identifiers.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  bool valid() const { return id_ >= 0; }
  hid_t get() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

tl::unexpected<Error> refused(const std::string& what, const std::string& path) {
  return fail(ErrorCode::kInternal, "libhdf5 cannot " + what, path);
}

/// Makes missing groups above a new object.
hid_t link_properties() {
  const hid_t properties = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(properties, 1);
  H5Pset_char_encoding(properties, H5T_CSET_UTF8);
  return properties;
}

Status write_attribute(hid_t object, const std::string& name, const std::string& value,
                       const std::string& path) {
  const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  if (H5Tset_size(type.get(), H5T_VARIABLE) < 0 || H5Tset_cset(type.get(), H5T_CSET_UTF8) < 0) {
    return refused("make a string type", path);
  }
  const Handle attribute(H5Acreate2(object, name.c_str(), type.get(), space.get(), H5P_DEFAULT,
                                    H5P_DEFAULT),
                         H5Aclose);
  const char* text = value.c_str();
  if (!attribute.valid() || H5Awrite(attribute.get(), type.get(), &text) < 0) {
    return refused("write the attribute \"" + name + "\"", path);
  }
  return {};
}

Status write_attributes(const Handle& object, const Hdf5Object& wanted) {
  if (!object.valid()) return refused("make the object", wanted.path);
  for (const auto& [name, value] : wanted.attributes) {
    TL_RETURN_IF_ERROR(write_attribute(object.get(), name, value, wanted.path));
  }
  return {};
}

Status write_group(hid_t file, const Hdf5Object& object) {
  const Handle links(link_properties(), H5Pclose);
  const Handle group(H5Gcreate2(file, object.path.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT),
                     H5Gclose);
  return write_attributes(group, object);
}

/// `stored` is the type in the file, `type` the one of `data`.
Status write_dataset(hid_t file, const Hdf5Object& object, hid_t stored, hid_t type,
                     const std::vector<int64_t>& shape, const void* data) {
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  const Handle links(link_properties(), H5Pclose);
  const int rank = static_cast<int>(extents.size());
  const Handle space(rank == 0 ? H5Screate(H5S_SCALAR)
                               : H5Screate_simple(rank, extents.data(), nullptr), H5Sclose);
  const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(properties.get(), 0);
  const Handle dataset(H5Dcreate2(file, object.path.c_str(), stored, space.get(), links.get(),
                                  properties.get(), H5P_DEFAULT), H5Dclose);
  TL_RETURN_IF_ERROR(write_attributes(dataset, object));
  if (H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) {
    return refused("write the dataset", object.path);
  }
  return {};
}

Status write_object(hid_t file, const Hdf5Object& object) {
  if (const auto* tensor = std::get_if<const Tensor*>(&object.content)) {
    return write_dataset(file, object, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, (*tensor)->shape,
                         (*tensor)->data.data());
  }
  if (const auto* number = std::get_if<float>(&object.content)) {
    return write_dataset(file, object, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, {}, number);
  }
  if (const auto* integer = std::get_if<int64_t>(&object.content)) {
    return write_dataset(file, object, H5T_STD_I64LE, H5T_NATIVE_INT64, {}, integer);
  }
  return write_group(file, object);
}

Result<std::string> image_of(hid_t file) {
  if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0) return refused("flush the file", "");
  const ssize_t size = H5Fget_file_image(file, nullptr, 0);
  if (size < 0) return refused("give the file's image", "");
  std::string bytes(static_cast<size_t>(size), '\0');
  if (H5Fget_file_image(file, bytes.data(), bytes.size()) != size) {
    return refused("give the file's image", "");
  }
  return bytes;
}

}  // namespace

std::mutex& hdf5_mutex() {
  static std::mutex mutex;  // Guards libhdf5's own global state, so it is as global as that.
  return mutex;
}

Result<std::string> hdf5_bytes(std::span<const Hdf5Object> objects) {
  const std::lock_guard lock(hdf5_mutex());
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // No messages on stderr.
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  if (H5Pset_fapl_core(access.get(), kGrowBytes, 0) < 0) return refused("work in memory", "");
  // No file of this name is made: the core driver keeps it in memory.
  const Handle file(H5Fcreate("memory.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose);
  if (!file.valid()) return refused("make a file in memory", "");
  for (const Hdf5Object& object : objects) TL_RETURN_IF_ERROR(write_object(file.get(), object));
  return image_of(file.get());
}

}  // namespace thunderline::cerebros::keras
