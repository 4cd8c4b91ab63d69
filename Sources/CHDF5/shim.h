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
    return error->maj_num == H5E_RESOURCE_g && error->min_num == H5E_NOSPACE_g;
}
