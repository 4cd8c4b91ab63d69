#pragma once
// libhdf5's header, and stand-ins for what Swift cannot see of it: macros that hide a variable or an expression, names that are macros of a
// versioned function (from 1.12 on), and structs whose layout differs by version.
#include <hdf5.h>

static inline hid_t ch5_default(void) { return H5P_DEFAULT; }
static inline hid_t ch5_all(void) { return H5S_ALL; }
static inline hid_t ch5_error_stack(void) { return H5E_DEFAULT; }
static inline hid_t ch5_create_file_access(void) { return H5Pcreate(H5P_FILE_ACCESS); }
static inline hid_t ch5_create_link_access(void) { return H5Pcreate(H5P_LINK_ACCESS); }
static inline hid_t ch5_create_transfer(void) { return H5Pcreate(H5P_DATASET_XFER); }
static inline haddr_t ch5_undefined_address(void) { return HADDR_UNDEF; }

// H5Pset_fapl_core, without a file behind the memory.
static inline herr_t ch5_use_core_driver(hid_t access) { return H5Pset_fapl_core(access, 1 << 20, 0); }

// H5Fopen
static inline hid_t ch5_open_read_only(const char *name, hid_t access) { return H5Fopen(name, H5F_ACC_RDONLY, access); }

// H5Lget_info: the link's class, or -1.
static inline int ch5_link_class(hid_t location, const char *name, hid_t access) {
    H5L_info_t info;
    return H5Lget_info(location, name, &info, access) < 0 ? -1 : (int)info.type;
}

// The address that a token of the file's own driver stands for: its bytes, least first.
#if H5_VERSION_GE(1, 12, 0)
static inline haddr_t ch5_address(H5O_token_t token) {
    haddr_t address = 0;
    for (int index = 7; index >= 0; index--) address = address << 8 | token.__data[index];
    return address;
}
#endif

// H5Lget_info: where a hard link leads; undefined for others.
static inline haddr_t ch5_link_target(hid_t location, const char *name, hid_t access) {
    H5L_info_t info;
    if (H5Lget_info(location, name, &info, access) < 0 || info.type != H5L_TYPE_HARD) return HADDR_UNDEF;
#if H5_VERSION_GE(1, 12, 0)
    return ch5_address(info.u.token);
#else
    return info.u.address;
#endif
}

// H5Oget_info: where an object's header is.
static inline haddr_t ch5_object_address(hid_t object) {
    H5O_info_t info;
#if H5_VERSION_GE(1, 12, 0)
    return H5Oget_info3(object, &info, H5O_INFO_BASIC) < 0 ? HADDR_UNDEF : ch5_address(info.token);
#elif H5_VERSION_GE(1, 10, 3)
    return H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0 ? HADDR_UNDEF : info.addr;
#else
    return H5Oget_info(object, &info) < 0 ? HADDR_UNDEF : info.addr;
#endif
}

// H5Literate: the names of a group's links, in the order of their bytes.
typedef struct {
    void (*add)(void *context, const char *name);
    void *context;
} ch5_names;

static inline herr_t ch5_add_name(hid_t group, const char *name, const H5L_info_t *info, void *data) {
    const ch5_names *names = (const ch5_names *)data;
    (void)group;
    (void)info;
    names->add(names->context, name);
    return 0;
}

static inline herr_t ch5_list_links(hid_t group, ch5_names *names) {
    return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, ch5_add_name, names);
}

// What an entry of the error stack means to us. The variables behind H5E_NOFILTER and the like, read without another library call.
static inline int ch5_means_no_filter(const H5E_error2_t *error) { return error->min_num == H5E_NOFILTER_g; }
static inline int ch5_means_no_memory(const H5E_error2_t *error) {
    return error->min_num == H5E_NOSPACE_g || error->min_num == H5E_CANTALLOC_g;
}

// Writing: the core driver's file, and element types.
static inline hid_t ch5_create_dataset_creation(void) { return H5Pcreate(H5P_DATASET_CREATE); }

// H5Pset_libver_bounds: superblock 0 and old-style groups, whatever a later library's own choice is.
static inline herr_t ch5_use_earliest_format(hid_t access) { return H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST); }

// H5Fcreate
static inline hid_t ch5_create_file(const char *name, hid_t access) { return H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, access); }

static inline hid_t ch5_variable_text(int is_utf8) {
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, is_utf8 ? H5T_CSET_UTF8 : H5T_CSET_ASCII);
    return type;
}

static inline hid_t ch5_fixed_text(size_t count) {
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, count);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    return type;
}

static inline hid_t ch5_integer(int size, int is_signed) {
    switch (size) {
    case 1: return H5Tcopy(is_signed ? H5T_NATIVE_INT8 : H5T_NATIVE_UINT8);
    case 2: return H5Tcopy(is_signed ? H5T_NATIVE_INT16 : H5T_NATIVE_UINT16);
    case 4: return H5Tcopy(is_signed ? H5T_NATIVE_INT32 : H5T_NATIVE_UINT32);
    default: return H5Tcopy(is_signed ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64);
    }
}

static inline hid_t ch5_float(int size) { return H5Tcopy(size == 4 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE); }

// IEEE's half precision as h5py makes it; the library has no name for it before 1.14.4.
static inline hid_t ch5_half(void) {
    hid_t type = H5Tcopy(H5T_NATIVE_FLOAT);
    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
    return type;
}

// h5py's truth values.
static inline hid_t ch5_boolean(void) {
    hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
    signed char value = 0;
    H5Tenum_insert(type, "FALSE", &value);
    value = 1;
    H5Tenum_insert(type, "TRUE", &value);
    return type;
}

static inline hid_t ch5_opaque(size_t size) {
    hid_t type = H5Tcreate(H5T_OPAQUE, size);
    H5Tset_tag(type, "");
    return type;
}
