/*
 * Names of addresses, in the reporter: it was forked from the dead process, so what was
 * mapped there by then is mapped here at the same place. dladdr() knows exported
 * functions only; the file's own symbol table, unless it is stripped, has all.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kms_oops_internal.h"

struct file {
	const uint8_t *data;
	size_t size;
};

struct found {
	const char *name;
	uint64_t offset;
};

static bool inside(const struct file *file, uint64_t offset, uint64_t size)
{
	return offset <= file->size && size <= file->size - offset;
}

static const ElfW(Shdr) *sections(const struct file *file, unsigned *count)
{
	const ElfW(Ehdr) *header = (const void *)file->data;

	*count = 0;
	if (file->size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
	    header->e_shentsize != sizeof(ElfW(Shdr)) ||
	    header->e_shoff % _Alignof(ElfW(Shdr)) != 0 ||
	    !inside(file, header->e_shoff, (uint64_t)header->e_shnum * sizeof(ElfW(Shdr))))
		return NULL;
	*count = header->e_shnum;
	return (const void *)(file->data + header->e_shoff);
}

/* The function that address (as the file has it) lies in. */
static bool find_in_table(const struct file *file, const ElfW(Shdr) *table,
	const ElfW(Shdr) *strings, uint64_t address, struct found *found)
{
	if (!inside(file, table->sh_offset, table->sh_size) ||
	    !inside(file, strings->sh_offset, strings->sh_size) || strings->sh_size == 0 ||
	    table->sh_offset % _Alignof(ElfW(Sym)) != 0 ||
	    file->data[strings->sh_offset + strings->sh_size - 1] != '\0')
		return false;
	const ElfW(Sym) *symbols = (const void *)(file->data + table->sh_offset);
	for (size_t i = 0; i < table->sh_size / sizeof(*symbols); i++) {
		const ElfW(Sym) *symbol = &symbols[i];

		if ((symbol->st_info & 15) != STT_FUNC || address < symbol->st_value ||
		    address - symbol->st_value >= symbol->st_size ||
		    symbol->st_name >= strings->sh_size)
			continue;
		found->name = (const char *)file->data + strings->sh_offset + symbol->st_name;
		found->offset = address - symbol->st_value;
		return true;
	}
	return false;
}

static bool find_in_file(const struct file *file, uint64_t address, struct found *found)
{
	unsigned count;
	const ElfW(Shdr) *section = sections(file, &count);

	for (unsigned i = 0; i < count; i++) {
		if (section[i].sh_type == SHT_SYMTAB && section[i].sh_link < count &&
		    find_in_table(file, &section[i], &section[section[i].sh_link], address, found))
			return true;
	}
	return false;
}

static bool map_file(const char *path, struct file *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;

	if (fd < 0)
		return false;
	file->data = MAP_FAILED;
	if (fstat(fd, &stat) == 0 && stat.st_size > 0) {
		file->size = stat.st_size;
		file->data = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	close(fd);
	return file->data != MAP_FAILED;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void put_found(struct kms_oops_text *text, const char *name, uint64_t offset)
{
	kms_oops_put(text, name);
	kms_oops_put(text, "+0x");
	kms_oops_put_hex(text, offset, 1);
	kms_oops_put(text, " ");
}

void kms_oops_symbol(uint64_t address, char *out, unsigned size)
{
	struct kms_oops_text text;
	struct link_map *map = NULL;
	struct found found;
	struct file file;
	Dl_info info;

	kms_oops_text_init(&text, out, size);
	if (!dladdr1((void *)(uintptr_t)address, &info, (void **)&map, RTLD_DL_LINKMAP) || !map) {
		kms_oops_put(&text, "0x");
		kms_oops_put_hex(&text, address, 12);
		return;
	}
	/* The program's own name is empty, and its path may be relative to elsewhere. */
	bool program = map->l_name[0] == '\0';
	if (map_file(program ? "/proc/self/exe" : info.dli_fname, &file)) {
		if (find_in_file(&file, address - map->l_addr, &found)) {
			put_found(&text, found.name, found.offset);
			info.dli_sname = NULL;
		}
		munmap((void *)file.data, file.size);
	}
	if (info.dli_sname)
		put_found(&text, info.dli_sname, address - (uintptr_t)info.dli_saddr);
	kms_oops_put(&text, "[");
	kms_oops_put(&text, base_name(info.dli_fname));
	kms_oops_put(&text, " 0x");
	kms_oops_put_hex(&text, address - map->l_addr, 1);
	kms_oops_put(&text, "]");
}
