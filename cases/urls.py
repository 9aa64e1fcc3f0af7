"""Addresses of the case file. They hold references and nothing about anyone."""

from django.urls import path

from cases.views import attachments, casefile, erasure, finding, retention, sharing, trail

app_name = "cases"
urlpatterns = [
    path("", finding.case_list, name="list"),
    path("search/", finding.search, name="search"),
    path("register/", casefile.register, name="register"),
    path("due-for-erasure/", erasure.due, name="due"),
    path("retention/", retention.rules, name="retention"),
    path("<slug:reference>/", casefile.detail, name="detail"),
    path("<slug:reference>/person/", casefile.change_person, name="person"),
    path("<slug:reference>/what-happened/", casefile.change_victim, name="victim"),
    path("<slug:reference>/consent/", casefile.record_consent, name="consent"),
    path("<slug:reference>/sharing/", sharing.sharing, name="sharing"),
    path("<slug:reference>/sharing/<uuid:grant>/revoke/", sharing.revoke, name="revoke"),
    path("<slug:reference>/files/add/", attachments.add_file, name="add_file"),
    path("<slug:reference>/files/<uuid:file>/", attachments.file, name="file"),
    path("<slug:reference>/files/<uuid:file>/download/", attachments.download, name="download"),
    path("<slug:reference>/files/<uuid:file>/preview/", attachments.preview, name="preview"),
    path("<slug:reference>/files/<uuid:file>/remove/", attachments.remove_file, name="remove_file"),
    path("<slug:reference>/files/<uuid:file>/scan/", attachments.scan_file, name="scan_file"),
    path("<slug:reference>/close/", retention.close, name="close"),
    path("<slug:reference>/reopen/", retention.reopen, name="reopen"),
    path("<slug:reference>/hold/", retention.hold, name="hold"),
    path("<slug:reference>/erase/", erasure.ask, name="erase"),
    path("<slug:reference>/erase/decide/", erasure.decide, name="decide"),
    path("<slug:reference>/certificate/", erasure.certificate, name="certificate"),
    path("<slug:reference>/certificate/pdf/", erasure.certificate_pdf, name="certificate_pdf"),
    path("<slug:reference>/trail/", trail.case_trail, name="trail"),
]
