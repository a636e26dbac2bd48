// Keeps a module without sources yet linkable.
