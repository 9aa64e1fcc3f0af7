
import core.migrating
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_display'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('cases', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        core.migrating.InOneStep(
            operations=[
                migrations.AddIndex(
                    model_name='case',
                    index=models.Index(fields=['owner', 'stage', 'stage_since'], name='case_by_stage'),
                ),
                migrations.AddIndex(
                    model_name='caseteamgrant',
                    index=models.Index(fields=['reason', 'ends'], name='team_grant_that_ends'),
                ),
                migrations.AddIndex(
                    model_name='caseusergrant',
                    index=models.Index(fields=['reason', 'ends'], name='user_grant_that_ends'),
                ),
            ],
        ),
    ]
