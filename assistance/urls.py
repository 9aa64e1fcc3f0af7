"""Addresses of assistance, below those of the case it belongs to."""

from django.urls import path

from assistance import views
from assistance.letters import views as letter_views
from assistance.money import views as money_views
from assistance.referrals import views as referral_views

app_name = "assistance"
urlpatterns = [
    path("<slug:reference>/assistance/", views.record, name="record"),
    path("<slug:reference>/assistance/<uuid:assistance>/", views.change, name="change"),
    path(
        "<slug:reference>/assistance/<uuid:assistance>/session/",
        views.session,
        name="session",
    ),
    path("<slug:reference>/letters/certificate/", letter_views.certificate, name="certificate"),
    path("<slug:reference>/letters/plan/", letter_views.plan, name="plan_paper"),
    path("<slug:reference>/plan/agree/", views.agree, name="agree"),
    path("<slug:reference>/refer/", referral_views.refer, name="refer"),
    path("<slug:reference>/referrals/<uuid:referral>/", referral_views.referral, name="referral"),
    path("<slug:reference>/referrals/<uuid:referral>/letter/", letter_views.letter, name="letter"),
    path(
        "<slug:reference>/referrals/<uuid:referral>/agree/",
        referral_views.override,
        name="override",
    ),
    path(
        "<slug:reference>/assistance/<uuid:assistance>/cost/",
        money_views.plan_cost,
        name="plan_cost",
    ),
    path("<slug:reference>/costs/<uuid:cost>/", money_views.change_cost, name="change_cost"),
    path("<slug:reference>/costs/<uuid:cost>/pay/", money_views.pay, name="pay"),
    path("<slug:reference>/payments/<uuid:payment>/", money_views.reverse, name="reverse"),
]
