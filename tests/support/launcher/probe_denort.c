/*
 * Stands in for denort in tests: prints its arguments, whether the program that deno compile embedded
 * is found in memory as denort finds it, and which libc file it runs with.
 */
#define _GNU_SOURCE
#include <link.h>
#include <stdio.h>
#include <string.h>

static int find_note(struct dl_phdr_info *info, size_t size, void *found)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_NOTE) continue;
        const char *note = (const char *)(info->dlpi_addr + header->p_vaddr);
        if (memmem(note, header->p_memsz, "embedded program", 16) != NULL) *(int *)found = 1;
    }
    return strstr(info->dlpi_name, "/proc/self/fd/") ? printf("library from a descriptor\n"), 0 : 0;
}

int main(int argc, char **argv)
{
    int found = 0;
    for (int i = 0; i < argc; i++) printf("arg %s\n", argv[i]);
    dl_iterate_phdr(find_note, &found);
    printf("embedded program %s\n", found ? "found" : "missing");
    return 9;
}
