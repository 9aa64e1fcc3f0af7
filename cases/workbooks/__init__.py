"""Case files as a workbook in the layout of HTCDS: the mirror image of cases/imports/."""
