"""Sphinx configuration; the build needs no network."""

import sklearn_deeplifft

project = "sklearn_deeplifft"
author = "the sklearn_deeplifft developers"
copyright = f"%Y, {author}"
release = version = sklearn_deeplifft.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples"]
default_role = "code"

autodoc_member_order = "bysource"
autodoc_typehints = "none"
add_module_names = False
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": "plot_",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "capture_repr": (),
    "show_signature": False,
    "show_memory": False,
    "download_all_examples": False,
    "write_computation_times": False,
}

html_theme = "alabaster"
html_title = f"sklearn_deeplifft {release}"
html_static_path = ["_static"]
html_css_files = ["guide.css"]
html_copy_source = False
html_theme_options = {
    "description": "Feature selection that reads trained neural networks exactly",
    "fixed_sidebar": True,
    "page_width": "1120px",
    "sidebar_width": "250px",
    "font_family": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
    "head_font_family": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
    "code_font_family": "ui-monospace, 'DejaVu Sans Mono', Consolas, monospace",
    "font_size": "15px",
    "code_font_size": "13px",
    "show_powered_by": False,
}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
